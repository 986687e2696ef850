// Keeps the [data-live] regions of an open page equal to what the server would show now.
//
// A message on the socket is a hint that something changed; the page itself, fetched again, is
// the truth. Without a socket the page is fetched every 15 seconds.
//
// The first message of a socket is a resync, since something may have changed between the making of
// the page and the opening of the socket. For a page that has just been loaded the server also says
// for how many seconds nothing has changed; when the page is younger than that, it is not fetched.
// A socket that opens may bring several: they are waited for, and answered by one fetch. While the
// server itself hears of no changes, each says so (`behind`), and the page says that it is not live.
//
// A list of rows (`data-rows`) stays as it stands while somebody reads it: its rows change in place.
// The page asks for the rows that it shows, and is told how many new ones there are; these come when
// they are asked for.

import { showDraft } from "./draft.js";
import { sayMoments } from "./moments.js";
import { morph } from "./morph.js";

const CALM = 250; // ms between two fetches, so that a storm of changes costs four a second
const POLL = 15_000;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const ANNOUNCED_BY_NAME = 3;
const NO_ACCESS = 4401; // the code of aijobs/live/consumers.py
const AFTER_OPENING = 400; // ms in which what a new socket has to say arrives
const MOST_ROWS = 50;

export function startLive() {
  const path = document.body.dataset.socket;
  // What stands above the page is kept up only where the page itself is.
  if (!path || !document.querySelector("main [data-live]")) return;
  const page = new LivePage();
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show-new]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    page.showNew();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) page.refresh();
  });
  new Line(path, page).open();
}

class LivePage {
  #busy = false;
  #again = false;
  #wantsNew = false;

  // The list as it is now, with what is new.
  async showNew() {
    this.#wantsNew = true;
    await this.refresh();
    document.querySelector("[data-rows] [data-row-link]")?.focus({ preventScroll: true });
    document.querySelector("[data-rows]")?.scrollIntoView({ block: "nearest" });
  }

  // Whether a change concerns what this page shows.
  concerns(change) {
    const { scopeJob: job, scopeCollection: collection } =
      document.querySelector("[data-scope-job], [data-scope-collection]")?.dataset ?? {};
    return (!job && !collection) || change.job_id === job || change.collection_id === collection;
  }

  // Fetches at once, and once more afterwards when asked meanwhile.
  async refresh() {
    this.#again = true;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#again) {
      this.#again = false;
      const began = performance.now();
      await this.#fetch().catch(() => {});
      // A server that takes its time gets more of it.
      const calm = Math.max(CALM, 2 * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, calm));
    }
    this.#busy = false;
  }

  async #fetch() {
    const headers = { "X-Live": "1" };
    const rows = [...document.querySelectorAll("[data-rows] tr[data-key]")].slice(0, MOST_ROWS);
    const keepsRows = rows.length > 0 && !this.#wantsNew;
    if (keepsRows) headers["X-Live-Rows"] = rows.map((row) => row.dataset.key).join(",");
    this.#wantsNew = false;
    // A piece of the page must not take the place of the page in the browser's cache.
    const response = await fetch(location.href, { headers, redirect: "manual", cache: "no-store" });
    if (response.type === "opaqueredirect") return location.reload(); // signed out meanwhile
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    // In another tab the person has changed to another workspace: nothing of it belongs here.
    if (fresh.body.dataset.workspace !== document.body.dataset.workspace) return location.reload();
    sayMoments(fresh);
    const moved = [];
    for (const region of document.querySelectorAll("[data-live]")) {
      // Its links lead on from the rows that are shown.
      if (keepsRows && region.id === "pager") continue;
      const wanted = fresh.getElementById(region.id);
      if (wanted) morph(region, wanted, (pill) => moved.push(pill));
    }
    show(moved);
    document.dispatchEvent(new CustomEvent("citizenapp:list"));
  }
}

function show(pills) {
  // "Queued" is no news any more when what was queued has moved on.
  if (pills.length) for (const notice of document.querySelectorAll(".notice.success")) notice.remove();
  const told = pills.filter((pill) => pill.closest("[data-announce]"));
  for (const pill of told) {
    const place = pill.closest("tr") ?? pill;
    place.classList.add("changed");
    place.addEventListener("animationend", () => place.classList.remove("changed"), { once: true });
  }
  const announcer = document.querySelector("[data-announcer]");
  const keyed = told.filter((pill) => pill.closest("[data-key]"));
  if (!keyed.length) return;
  announcer.textContent =
    keyed.length > ANNOUNCED_BY_NAME
      ? `${keyed.length} jobs changed.`
      : keyed.map((pill) => `${nameOf(pill)}: ${pill.textContent.trim()}.`).join(" ");
}

// Whole words, as the pages cut them (aijobs/jobtypes/text.py).
function cut(text, most) {
  if (text.length <= most) return text;
  const room = text.slice(0, most - 1);
  const end = room.lastIndexOf(" ");
  const isCut = !/\s/.test(text[most - 1]) && end > 0 && 2 * (room.length - end - 1) < most;
  return `${(isCut ? room.slice(0, end) : room).replace(/[ ,;:]+$/, "")}…`;
}

function nameOf(pill) {
  const label = pill.closest("tr")?.querySelector("[data-row-link]") ?? document.querySelector("h1");
  return cut(label.textContent.trim(), 80);
}

class Line {
  #path;
  #page;
  #delay = FIRST_DELAY;
  #socket = null;
  #retry = 0;
  #isFirst = true;
  #isLeaving = false;
  #opened = 0;
  #soon = 0;

  constructor(path, page) {
    this.#path = path;
    this.#page = page;
    setInterval(() => {
      if (!this.#isOpen && !document.hidden) page.refresh();
    }, POLL);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#isOpen ? page.refresh() : this.open();
    });
    addEventListener("online", () => this.open());
    document.addEventListener("submit", (event) => {
      this.#isLeaving = !event.defaultPrevented && Boolean(event.target.closest(".side-actions"));
    });
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.#retry);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const address = new URL(this.#path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    // A later socket comes after a gap in which nobody told this page anything.
    if (this.#isFirst) address.searchParams.set("quiet", "");
    const draft = document.querySelector("[data-draft]");
    if (draft) address.searchParams.set("job", draft.dataset.draft);
    this.#isFirst = false;
    const socket = (this.#socket = new WebSocket(address));
    socket.addEventListener("open", () => {
      this.#delay = FIRST_DELAY;
      this.#opened = performance.now();
      say("live", "Live");
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "resync") message.behind ? say("waiting", "Reconnecting") : say("live", "Live");
      if (message.type === "job.writing") return showDraft(message);
      const isNews =
        message.type === "resync"
          ? !(message.quiet_seconds > secondsSinceLoad())
          : message.changes?.some((one) => this.#page.concerns(one));
      if (!isNews) return;
      document.dispatchEvent(new CustomEvent("live:changes", { detail: message }));
      clearTimeout(this.#soon);
      const left = this.#opened + AFTER_OPENING - performance.now();
      if (left <= 0 || message.type !== "resync") this.#page.refresh();
      else this.#soon = setTimeout(() => this.#page.refresh(), left);
    });
    socket.addEventListener("close", (event) => {
      // The access has ended or has another role: the page itself says what one may do now.
      // Whoever signs out is on the way to another page already.
      if (event.code === NO_ACCESS) return this.#isLeaving || location.reload();
      say("waiting", "Reconnecting");
      // Jitter, so that a restarted server is not met by everyone at once.
      this.#retry = setTimeout(() => this.open(), this.#delay * (0.5 + Math.random()));
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    });
  }
}

// How long ago the browser asked the server for this page. Without an end for a page that comes from
// the browser's cache, as after "Back": nobody knows how old it is.
function secondsSinceLoad() {
  const [load] = performance.getEntriesByType("navigation");
  return load?.transferSize ? (performance.now() - load.requestStart) / 1000 : Infinity;
}

function say(state, words) {
  const sign = document.querySelector("[data-live-state]");
  if (!sign) return;
  sign.hidden = false;
  sign.dataset.liveState = state;
  sign.lastElementChild.textContent = words;
}
