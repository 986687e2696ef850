// The list of jobs: its filters, its selection, and when its jobs should be done by now.

import { sayMoments } from "./moments.js";

startFilters();
startSelection();
startExpectations();

function startFilters() {
  const form = document.querySelector("[data-filters]");
  if (!form) return;
  // Only what was filled in goes into the address.
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
  // A page that comes back from the browser's cache shows what it was asked for, not what was
  // chosen to leave it.
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      form.reset();
      for (const menu of document.querySelectorAll("[data-menu-of-list]")) menu.open = false;
    }
  });
  for (const menu of document.querySelectorAll("[data-menu-of-list]")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
}

function startSelection() {
  const form = document.getElementById("selection");
  const page = form?.querySelector("[data-pick-page]");
  if (!page) return;
  const boxes = () => [...form.querySelectorAll(".cell-pick input")];
  const say = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    page.checked = chosen > 0 && chosen === boxes().length;
    page.indeterminate = chosen > 0 && !page.checked;
    const sign = form.querySelector("[data-chosen]");
    if (sign) sign.textContent = chosen ? `${chosen} selected` : "";
  };
  page.addEventListener("change", () => {
    for (const box of boxes()) box.checked = page.checked;
    say();
  });
  form.addEventListener("change", say);
  addEventListener("pageshow", say);
  document.addEventListener("citizenapp:list", say);
}

// The page says it, as do rows that have changed. What lies open is asked about again.
function startExpectations() {
  const address = "/jobs/expected";
  const ask = async () => {
    const cells = [...document.querySelectorAll("[data-expected]")];
    const jobs = cells.map((cell) => cell.dataset.expected).join(",");
    const response = await fetch(`${address}?job=${jobs}`, { redirect: "manual" }).catch(() => null);
    if (!response?.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    sayMoments(fresh);
    const conditions = document.getElementById("conditions");
    const unusual = fresh.querySelector("[data-unusual]");
    if (conditions && conditions.innerHTML !== unusual.innerHTML) {
      conditions.replaceChildren(...document.importNode(unusual, true).childNodes);
    }
    for (const found of fresh.querySelectorAll("[data-for]")) {
      const cell = document.querySelector(`[data-expected="${found.dataset.for}"]`);
      cell?.replaceChildren(...document.importNode(found, true).childNodes);
    }
  };
  setInterval(() => {
    if (!document.hidden && document.getElementById("jobs")) ask();
  }, 60_000);
}
