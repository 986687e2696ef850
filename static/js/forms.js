// Small things that forms of every page may ask for: to be sent at a change, a question before a
// click, and that what was typed for new work (drafts.js) is forgotten in time.

const DRAFTS = "draft:";

export function startForms() {
  for (const form of document.querySelectorAll("[data-submit-on-change]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of document.querySelectorAll("[data-confirm]")) {
    button.addEventListener("click", (event) => {
      if (!confirm(button.dataset.confirm)) event.preventDefault();
    });
  }
  for (const form of document.querySelectorAll('form[action*="sign-out"], form[action*="logout"]')) {
    form.addEventListener("submit", () => forget((key) => key.startsWith(DRAFTS)));
  }
  // What is queued from the page of its price was typed into a form that is left behind.
  for (const form of document.querySelectorAll("[data-forgets]")) {
    form.addEventListener("submit", () => forget((key) => key === DRAFTS + form.dataset.forgets));
  }
}

function forget(which) {
  try {
    for (const key of Object.keys(sessionStorage).filter(which)) sessionStorage.removeItem(key);
  } catch {
    // Where storage is forbidden, nothing was kept.
  }
}
