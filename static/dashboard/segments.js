// While a segment is edited the server counts it: half a second after the last change, and never two at once.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-look]");
  const place = document.querySelector("[data-looked]");
  if (!form || !place) {
    return;
  }
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const mine = ++asked;
    place.setAttribute("aria-busy", "true");
    const answer = await fetch(form.dataset.look, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (mine === asked) {
      if (answer?.ok && !answer.redirected) {
        place.innerHTML = await answer.text();
      }
      place.removeAttribute("aria-busy");
    }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.name?.startsWith("kind-")) {
      clearTimeout(timer);
      timer = setTimeout(look, 500);
    }
  });
});
