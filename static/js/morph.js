// Turns one element into another in place, touching only what differs: focus, scroll positions,
// open <details> and fields that are being edited stay as they are.

// `changed` is called with each element whose data-status has become another.
export function morph(old, fresh, changed = () => {}) {
  if (old.isEqualNode(fresh) || old === document.activeElement && isField(old)) return;
  if (old.localName === "time" && old.getAttribute("datetime") === fresh.getAttribute("datetime")) return;
  if (old.dataset.draft && old.dataset.draft === fresh.dataset.draft) return; // draft.js fills it
  // A form that is drawn anew between two clicks is still the same form.
  if (old.localName === "input" && ["csrfmiddlewaretoken", "once"].includes(old.name)) return;
  const moved = old.dataset.status && old.dataset.status !== fresh.dataset.status;
  morphAttributes(old, fresh);
  morphChildren(old, fresh, changed);
  if (moved) changed(old);
}

function morphAttributes(old, fresh) {
  const kept = old.localName === "details" ? "open" : "";
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== kept) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && name !== kept) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh, changed) {
  const keyed = new Map();
  for (const child of old.children) {
    if (child.dataset.key) keyed.set(child.dataset.key, child);
  }
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.nodeType === Node.ELEMENT_NODE ? wanted.dataset.key : undefined;
    let found = key ? keyed.get(key) : matching(at, wanted);
    if (!found) {
      old.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    if (found.nodeType === Node.ELEMENT_NODE) morph(found, wanted, changed);
    else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// The old node that may become the wanted one: the next of its kind that has no key of its own.
function matching(at, wanted) {
  for (let node = at; node; node = node.nextSibling) {
    if (node.nodeType !== wanted.nodeType) continue;
    if (node.nodeType !== Node.ELEMENT_NODE) return node;
    if (node.localName === wanted.localName && node.id === wanted.id && !node.dataset.key) return node;
    if (node.dataset.key) return null;
  }
  return null;
}

function isField(element) {
  return ["input", "textarea", "select"].includes(element.localName);
}
