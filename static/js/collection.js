// The page of a collection: its link is copied, and lists that drop down close by themselves.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-link]");
  if (button) await copyLink(button);
  for (const list of document.querySelectorAll("[data-drop-down][open]")) {
    if (!list.contains(event.target)) list.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const list of document.querySelectorAll("[data-drop-down][open]")) {
    list.open = false;
    list.querySelector("summary").focus();
  }
});

// The address has the filter in it, and no place in the list: rows move.
async function copyLink(button) {
  const address = new URL(location.href);
  for (const name of ["before", "after", "page", "row"]) address.searchParams.delete(name);
  const label = button.querySelector("strong");
  try {
    await navigator.clipboard.writeText(address.href);
    label.textContent = "Link copied";
  } catch {
    label.textContent = "Copy the address of this page";
  }
  document.querySelector("[data-announcer]").textContent = label.textContent;
}
