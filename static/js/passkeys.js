// Passkeys: what the server asks goes to the browser, and what the passkey answers is posted.

const BYTES = ["challenge"];

for (const form of document.querySelectorAll("[data-passkey]")) start(form);

function start(form) {
  const why = unusable();
  const isNew = form.dataset.passkey === "new";
  if (why && !isNew) return; // Other ways stand beside it.
  form.hidden = false;
  if (why) say(form, why);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (why) return say(form, why);
    answer(form, isNew);
  });
}

function unusable() {
  if (/^[\d.]+$|^\[/.test(location.hostname)) {
    const port = location.port ? `:${location.port}` : "";
    return `A passkey belongs to a name, and this address is a number. Here, ${
      location.hostname === "127.0.0.1" ? `http://localhost${port} is the same` : "ask for its name"
    }: open that, and sign in there.`;
  }
  if (!window.isSecureContext || !window.PublicKeyCredential) {
    return "This browser, or this address without https, has no passkeys.";
  }
  return "";
}

async function answer(form, isNew) {
  const button = form.querySelector("button:not([type=button])");
  button.disabled = true;
  say(form, "");
  try {
    const { publicKey } = await question(form);
    const credential = isNew
      ? await navigator.credentials.create({ publicKey: decoded(publicKey) })
      : await navigator.credentials.get({ publicKey: decoded(publicKey) });
    form.elements.credential.value = JSON.stringify(encoded(credential));
    form.submit();
  } catch (error) {
    say(form, reason(error));
    button.disabled = false;
  }
}

// Signing in asks when the button is pressed: a question of before may have been forgotten.
async function question(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const response = await fetch(form.dataset.passkey, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("no question");
  return response.json();
}

function reason(error) {
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Try again.";
  if (error.name === "InvalidStateError") return "This device has a passkey of your account already.";
  return "This did not work. Try again, or take another way.";
}

function say(form, text) {
  const notice = form.querySelector("[data-passkey-notice]");
  notice.textContent = text;
  notice.hidden = !text;
}

// The server writes bytes as base64url; the browser wants them as bytes.
function decoded(options) {
  const found = { ...options };
  for (const name of BYTES) found[name] = bytes(options[name]);
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  for (const name of ["excludeCredentials", "allowCredentials"]) {
    if (options[name]) found[name] = options[name].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  return found;
}

function encoded(credential) {
  const { response } = credential;
  const found = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) found[name] = text(response[name]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: found,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
