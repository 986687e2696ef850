// Counts down to a moment, each second: "in 2:14". Without a script the moment itself stands there.

export function startCountdowns() {
  if (document.querySelector("[data-live]")) setInterval(() => sayCountdowns(), 1_000);
}

export function sayCountdowns(root = document, now = Date.now()) {
  for (const element of root.querySelectorAll("[data-countdown]")) {
    const seconds = Math.ceil((new Date(element.dataset.countdown) - now) / 1000);
    const words = seconds > 0 ? `in ${clock(seconds)}` : "now";
    if (element.textContent !== words) element.textContent = words;
  }
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
