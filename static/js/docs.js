// The overview of the API: calls are filtered as one types. An answer that a link points into opens.

const part = document.querySelector("[data-filter-calls]");
if (part) {
  part.hidden = false;
  part.querySelector("input").addEventListener("input", ({ target }) => filter(target.value));
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of document.querySelectorAll(".calls")) {
    let any = false;
    for (const row of section.querySelectorAll("li")) {
      row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      any ||= !row.hidden;
      count += !row.hidden;
    }
    section.hidden = !any;
  }
  part.querySelector("[data-told]").textContent = words.length ? `${count} found` : "";
}
