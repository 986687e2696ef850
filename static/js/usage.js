// Charts: what a day stands for is said beside it, under the pointer and by keyboard.
//
// A chart is one stop of the Tab key. Arrow keys, Home and End go from day to day.

for (const chart of document.querySelectorAll("[data-chart]")) start(chart);
// A live page may bring a chart anew.
new MutationObserver(() => {
  for (const chart of document.querySelectorAll("[data-chart]:not([data-started])")) start(chart);
}).observe(document.querySelector("main"), { childList: true, subtree: true });

function start(chart) {
  chart.dataset.started = "";
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true"); // The day itself has the same name.
  chart.append(tip);
  const days = () => [...chart.querySelectorAll("[data-day]")];
  const show = (day) => {
    tip.replaceChildren(
      line("strong", day.dataset.day),
      line("span", `${day.dataset.spent} spent`),
      line("span", `${day.dataset.saved} saved`),
    );
    tip.hidden = false;
    const frame = chart.getBoundingClientRect();
    const { left, width } = day.querySelector(".touch").getBoundingClientRect();
    const middle = left + width / 2 - frame.left - tip.offsetWidth / 2;
    tip.style.left = `${Math.max(0, Math.min(middle, frame.width - tip.offsetWidth))}px`;
  };
  const hide = () => {
    const focused = chart.querySelector("[data-day]:focus");
    focused ? show(focused) : (tip.hidden = true);
  };
  // Where there is a tip, the browser's own would cover it.
  for (const title of chart.querySelectorAll("g > title")) title.remove();
  // One begins at the newest day of which there is anything to say.
  const newest = days().findLast((day) => day.querySelector(".spent").getBBox().height > 0) ?? days().at(-1);
  for (const day of days()) day.setAttribute("tabindex", day === newest ? "0" : "-1");
  chart.addEventListener("pointerover", (event) => {
    const day = event.target.closest("[data-day]");
    day ? show(day) : hide();
  });
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("focusin", (event) => {
    const day = event.target.closest("[data-day]");
    if (!day) return;
    for (const one of days()) one.setAttribute("tabindex", one === day ? "0" : "-1");
    show(day);
  });
  chart.addEventListener("focusout", () => (tip.hidden = true));
  chart.addEventListener("keydown", (event) => {
    const all = days();
    const here = all.indexOf(event.target.closest("[data-day]"));
    if (here < 0) return;
    if (event.key === "Escape") return (tip.hidden = true);
    const next = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(next, all.length - 1))].focus();
  });
}

function line(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
