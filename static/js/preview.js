// A table before it is queued: sent to be looked at, and again at each change of the form. The
// server keeps it with a quote alone, so without one the file goes along each time.

const DELAY = 200;

export function startPreview(form) {
  const button = form.querySelector("[data-queue]");
  const price = form.querySelector("[data-needs-rows]");
  const trial = form.querySelector("[data-try]");
  let timer = 0;
  let running;

  // The words of the button say what it will do; it waits until that is known.
  function sayReady() {
    const ready = Number(form.querySelector("[data-preview-result]")?.dataset.ready ?? 0);
    button.textContent = ready ? `Queue ${ready.toLocaleString("en")} document${ready === 1 ? "" : "s"}` : "Queue collection";
    button.disabled = price.disabled = !ready;
    trial.hidden = ready <= Number(trial.value);
  }

  async function ask() {
    running?.abort();
    const place = form.querySelector("[data-preview-result]");
    if (!form.elements.table.files.length && !form.elements.quote) {
      place.replaceChildren();
      place.dataset.ready = "0";
      return sayReady();
    }
    const asked = (running = new AbortController());
    button.disabled = price.disabled = trial.hidden = true;
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
      sayReady();
    } catch (error) {
      if (error.name === "AbortError") return;
      place.removeAttribute("aria-busy");
      place.textContent = "The table could not be looked at. Choose it again.";
      place.dataset.ready = "0";
      sayReady();
    }
  }

  form.addEventListener("change", (event) => {
    if (event.target.name === "name") return;
    // Another file, kind or sheet is guessed anew.
    if (["table", "job_type", "sheet"].includes(event.target.name)) {
      for (const select of form.querySelectorAll('select[name^="columns."]')) select.disabled = true;
      if (event.target.name === "table") form.querySelector('select[name="sheet"]')?.remove();
    }
    // What was true of another state of the form must not be confirmed.
    button.disabled = price.disabled = trial.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(ask, DELAY);
  });
  form.addEventListener("settled", sayReady);
  addEventListener("pageshow", ask);
  sayReady();
}
