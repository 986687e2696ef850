// Shows on the page of a job what Claude has written so far. The page itself, with the result, takes
// its place when the job has ended; where no such message ever comes, nothing is missing.

import { counted } from "./reader.js";

// `message` is a "job.writing" of the socket. Its text is data, and never becomes markup.
export function showDraft(message) {
  const draft = document.querySelector("[data-draft]");
  if (!draft || draft.dataset.draft !== message.job_id) return;
  const text = draft.querySelector("[data-draft-text]");
  if (message.text === undefined) {
    text.hidden = true;
    say(draft, `Claude is writing: ${counted(message.characters)} characters so far.`);
  } else {
    // From 0 on it is all that there is: the first message of a socket, or another attempt.
    if (message.start === 0) text.textContent = "";
    text.append(message.text);
    say(draft, "Claude is writing.");
  }
  draft.hidden = false;
}

function say(draft, words) {
  const line = draft.querySelector("[data-draft-state]");
  if (line.textContent !== words) line.textContent = words;
}
