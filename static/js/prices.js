// What the choices cost, and how long they take. Without any, an example is priced.
export function showPrices(form, told) {
  for (const amount of form.querySelectorAll("[data-amount]")) {
    const about = amount.parentElement.querySelector("[data-basis]");
    about.querySelector("[data-without-script]")?.remove();
    about.dataset.example ??= about.textContent;
    const { amount: price, exampleNow, exampleLater } = amount.dataset;
    const example = (price === "now" ? exampleNow : exampleLater) ?? "";
    amount.textContent = told ? told[price] ?? "" : example;
    about.textContent = told ? told.basis : about.dataset.example;
  }
  for (const usual of form.querySelectorAll("[data-usual]")) {
    usual.dataset.ofOne ??= usual.textContent;
    // With a time that was chosen, it is for the price page to say what becomes of so many.
    usual.textContent = !told?.usual ? usual.dataset.ofOne : usual.dataset.usual ? "" : told.usual;
  }
  const foot = form.querySelector("[data-foot-price]");
  const chosen = form.querySelector(".offer-box:has(:checked) .offer-price:not([hidden])");
  // Its place stays: a button that moves away under a press is never clicked.
  foot.textContent = told && chosen ? chosen.textContent.trim() : "";
}
