// A table before it is queued: sent to be looked at, and again at each change of the form. The
// server keeps it with a quote alone, so without one the file goes along each time.
//
// A field that is left by pressing a button changes between the press and the click, and a button
// that is disabled in between is never clicked. So a click waits for the answer instead.

const DELAY = 200;

export function startPreview(form) {
  const button = form.querySelector("[data-queue]");
  const price = form.querySelector("[data-needs-rows]");
  const trial = form.querySelector("[data-try]");
  const trialHint = form.querySelector("[data-try-hint]");
  let timer = 0;
  let running;
  let isStale = false; // What is shown is not of the form as it stands.
  let waiting; // The button that was clicked meanwhile, and what it said.

  // The words of the button say what it will do.
  function sayReady() {
    const ready = Number(form.querySelector("[data-preview-result]")?.dataset.ready ?? 0);
    button.textContent = ready ? `Queue ${ready.toLocaleString("en")} document${ready === 1 ? "" : "s"}` : "Queue collection";
    button.disabled = price.disabled = !ready;
    // A workspace that never pays the full price has none.
    if (trial) trial.hidden = trialHint.hidden = ready <= Number(trial.value);
  }

  function settle() {
    isStale = false;
    sayReady();
    const clicked = waiting;
    waiting = undefined;
    // Nobody has confirmed it if it says something else now.
    if (!clicked || clicked.button.disabled || clicked.button.hidden) return;
    if (clicked.button.textContent === clicked.words) form.requestSubmit(clicked.button);
  }

  function holdClick(event) {
    if (!isStale) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { button: event.submitter ?? button, words: (event.submitter ?? button).textContent };
  }

  async function ask() {
    running?.abort();
    const place = form.querySelector("[data-preview-result]");
    if (!form.elements.table.files.length && !form.elements.quote) {
      place.replaceChildren();
      place.dataset.ready = "0";
      return settle();
    }
    const asked = (running = new AbortController());
    isStale = true;
    place.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        body: new FormData(form),
        signal: asked.signal,
      });
      if (!response.ok) throw new Error(response.statusText);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("[data-preview-result]");
      if (!fresh) return location.reload(); // signed out meanwhile
      const focused = document.activeElement?.id;
      place.replaceWith(document.importNode(fresh, true));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
      settle();
    } catch (error) {
      if (error.name === "AbortError") return;
      place.removeAttribute("aria-busy");
      place.textContent = "The table could not be looked at. Choose it again.";
      place.dataset.ready = "0";
      settle();
    }
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "name") return;
    isStale = true;
    waiting = undefined;
    // Another file, kind or sheet is guessed anew, and that must be seen before it is queued.
    if (["table", "job_type", "sheet"].includes(event.target.name)) {
      for (const select of form.querySelectorAll('select[name^="columns."]')) select.disabled = true;
      if (event.target.name === "table") form.querySelector('select[name="sheet"]')?.remove();
      button.disabled = price.disabled = true;
      if (trial) trial.hidden = trialHint.hidden = true;
    }
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY);
  });
  form.addEventListener("submit", holdClick, { capture: true }); // before it is sent
  form.addEventListener("settled", sayReady);
  addEventListener("pageshow", ask);
  sayReady();
}
