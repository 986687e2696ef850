// Says the moments of <time> elements in the reader's time zone and words.

import { sayCountdowns } from "./countdown.js";

import { dateFormat } from "./reader.js";

const steps = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [604800, "day", 86400],
];
const JUST_NOW = 10_000;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const sameYear = dateFormat({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const otherYear = dateFormat({ day: "numeric", month: "short", year: "numeric" });
const whole = dateFormat({ dateStyle: "full", timeStyle: "long" });

export function sayMoments(root = document, now = Date.now()) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    const words = inWords(at, now);
    if (element.textContent !== words) element.textContent = words;
    element.title ||= whole.format(at);
  }
  sayCountdowns(root, now);
  // What begins at a moment that comes while the page is open.
  for (const part of root.querySelectorAll("[data-while-ahead]")) {
    part.hidden = new Date(part.querySelector("time").dateTime) - now < JUST_NOW;
  }
}

function inWords(at, now) {
  const seconds = Math.round((at - now) / 1000);
  // What lies ahead is not past, however near it is.
  if (Math.abs(seconds) * 1000 < JUST_NOW) return seconds > 0 ? "in a moment" : "just now";
  const step = steps.find(([limit]) => Math.abs(seconds) < limit);
  if (step) return relative.format(Math.round(seconds / step[2]), step[1]);
  return (at.getFullYear() === new Date(now).getFullYear() ? sameYear : otherYear).format(at);
}

export function startMoments() {
  sayMoments();
  setInterval(sayMoments, 10_000);
}
