// Swagger UI has colours for the dark, and waits to be told. The choice is that of all other pages.
const chosen = document.cookie.match(/(?:^|; )theme=(dark|light)/)?.[1];
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function follow() {
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : dark.matches);
}

dark.addEventListener("change", follow);
follow();
