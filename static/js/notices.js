// Word when work is done, for those who look elsewhere: how many jobs ended while this tab was
// hidden stands in its title, and, where the person asked for it, in a notice of the browser.
//
// Up to some dozen jobs are told by name. Of more at once only that something changed is told, so
// the server is asked how many are still open, and what is fewer than before has ended.

import { counted } from "./reader.js";

const OPEN = "/notices/open";
const GATHERED = 1_500; // ms, so that a batch that ends is one notice and not ten
const ENDED = ["completed", "failed", "canceled"];

export function startNotices() {
  const { person } = document.body.dataset;
  if (!person) return;
  startButton(person);
  // Only pages that are kept up hear of changes.
  if (document.body.dataset.socket && document.querySelector("main [data-live]")) {
    new Watch(person).start();
  }
}

class Watch {
  #person;
  #title = document.title;
  #ended = new Map(); // by the id of the job, so that none counts twice
  #unnamed = 0;
  #open = null;
  #timer = 0;

  constructor(person) {
    this.#person = person;
  }

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#come()));
    document.addEventListener("live:changes", (event) => {
      if (document.hidden) this.#hear(event.detail);
    });
    if (document.hidden) this.#leave();
  }

  async #leave() {
    this.#title = document.title;
    this.#open = await openJobs();
  }

  #come() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#ended.clear();
    this.#unnamed = 0;
    document.title = this.#title;
  }

  #hear(message) {
    for (const change of message.changes ?? []) {
      if (ENDED.includes(change.status)) this.#ended.set(change.job_id, change.status);
      else this.#ended.delete(change.job_id);
    }
    // Not put off by the next one: in a storm of changes nothing would ever be told.
    this.#timer ||= setTimeout(() => this.#tell(), GATHERED);
  }

  async #tell() {
    this.#timer = 0;
    const open = await openJobs();
    if (!document.hidden) return;
    const told = this.#ended.size;
    // Additions meanwhile make it fewer, never more: at least so many have ended.
    if (open !== null && this.#open !== null) {
      this.#unnamed = Math.max(this.#unnamed, this.#open - open - told);
    }
    const ended = told + this.#unnamed;
    if (!ended) return;
    document.title = `(${counted(ended)}) ${this.#title}`;
    const failed = [...this.#ended.values()].filter((status) => status === "failed").length;
    show(this.#person, ended, failed, open);
  }
}

async function openJobs() {
  try {
    const response = await fetch(OPEN, { redirect: "error" });
    return response.ok ? (await response.json()).open : null;
  } catch {
    return null;
  }
}

function show(person, ended, failed, open) {
  if (!isWanted(person)) return;
  const words = [`${count(ended, "job")} ${ended === 1 ? "is" : "are"} done`];
  if (failed) words.push(`${counted(failed)} failed`);
  if (open) words.push(`${counted(open)} still open`);
  try {
    // The same tag: tabs that are hidden side by side show one notice together.
    const notice = new Notification("CitizenApp", { body: `${words.join(", ")}.`, tag: "citizenapp" });
    notice.addEventListener("click", () => {
      focus();
      notice.close();
    });
  } catch {
    // Some phones have notices for installed pages only; the title has said it.
  }
}

const count = (number, word) => `${counted(number)} ${word}${number === 1 ? "" : "s"}`;

// By person, since several may share a browser.
const keyOf = (person) => `notices:${person}`;

function isWanted(person) {
  return "Notification" in window && Notification.permission === "granted" && stored(person) === "on";
}

function stored(person) {
  try {
    return localStorage.getItem(keyOf(person));
  } catch {
    return null;
  }
}

function store(person, value) {
  try {
    localStorage.setItem(keyOf(person), value);
  } catch {
    // Without a memory it lasts as long as the page.
  }
}

// The browser asks the person only where a button was pressed.
function startButton(person) {
  const part = document.querySelector("[data-browser-notices]");
  if (!part) return;
  const button = part.querySelector("button");
  const state = part.querySelector("[data-state]");
  const say = () => {
    const can = "Notification" in window;
    const on = isWanted(person);
    const refused = can && Notification.permission === "denied";
    button.hidden = !can || refused;
    button.textContent = on ? "Switch off" : "Switch on";
    state.textContent = !can
      ? "This browser has no notices."
      : refused
        ? "This browser was told not to show notices of this page. Its own settings can change that."
        : on
          ? "They are on in this browser."
          : "They are off in this browser.";
  };
  button.addEventListener("click", async () => {
    if (isWanted(person)) store(person, "off");
    else if ((await Notification.requestPermission()) === "granted") store(person, "on");
    say();
  });
  say();
}
