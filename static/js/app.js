// What every page runs. Each module finds its own elements and does nothing without them.

import { startCommand } from "./command.js";
import { startCountdowns } from "./countdown.js";
import { startForms } from "./forms.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMoments } from "./moments.js";
import { startNotices } from "./notices.js";

document.documentElement.classList.add("scripted");

startMoments();
startCountdowns();
startForms();
startKeys();
startCommand();
startLive();
startNotices();
startMenu();
startTheme();
startCopying();

function startMenu() {
  const button = document.querySelector("[data-menu]");
  button?.addEventListener("click", () => {
    const open = document.getElementById("menu").classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
  });
}

function startTheme() {
  document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    // A cookie, so that the server draws the next page right from the start.
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  });
}

function startCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const label = button.querySelector("span");
      try {
        await navigator.clipboard.writeText(source.textContent);
        label.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        label.textContent = "Selected";
      }
    });
  }
}
