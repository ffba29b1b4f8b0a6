// The few moves our pages make; every page also reads without them.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-tabs]").forEach(tabs);
  document.querySelectorAll("[data-copy]").forEach(copying);
  document.querySelectorAll("form[data-preview]").forEach(editor);
  document.querySelectorAll("form[data-busy]").forEach(patience);
  document.querySelectorAll("form[data-at-once]").forEach((form) => form.requestSubmit());
  document.querySelectorAll("[data-fresh]").forEach(freshening);
  document.querySelectorAll("select[data-go]").forEach((select) => {
    select.addEventListener("change", () => select.form.submit());
  });
});

function tabs(box) {
  const buttons = [...box.querySelectorAll("[role=tab]")];
  const show = (chosen) => {
    for (const button of buttons) {
      button.setAttribute("aria-selected", String(button === chosen));
      const panel = document.getElementById(button.getAttribute("aria-controls"));
      if (!buttons.some((one) => one !== button && one === chosen && one.getAttribute("aria-controls") === panel.id)) {
        panel.hidden = button !== chosen;
      }
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => show(button));
  }
  if (buttons.length) {
    show(buttons.find((button) => button.hasAttribute("data-first")) || buttons[0]);
  }
}

// What takes a few seconds says so, and is not asked twice. Coming back to the page makes it ready again.
function patience(form) {
  const buttons = [...form.querySelectorAll("[type=submit]")].map((button) => [button, button.textContent]);
  form.addEventListener("submit", (event) => {
    (event.submitter || buttons[0][0]).textContent = form.dataset.busy;
    setTimeout(() => buttons.forEach(([button]) => { button.disabled = true; }));
  });
  window.addEventListener("pageshow", () => buttons.forEach(([button, words]) => {
    button.textContent = words;
    button.disabled = false;
  }));
}

// A part of the page that the server writes anew every few seconds, while somebody looks and until it is complete.
function freshening(place) {
  const again = async () => {
    const busy = place.querySelector("details[open]") || place.contains(document.activeElement?.closest("form"));
    if (!document.hidden && !busy) {
      const answer = await fetch(place.dataset.fresh, { headers: { Accept: "text/html" } }).catch(() => null);
      if (answer?.ok && !answer.redirected) {
        const words = await answer.text();
        if (words !== place.dataset.last) {
          place.dataset.last = words;
          place.innerHTML = words;
        }
      }
    }
    if (!place.querySelector("[data-complete]")) {
      setTimeout(again, 2000);
    }
  };
  setTimeout(again, 2000);
}

function copying(button) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// Half a second after the last keystroke the server shows the mail anew: its preview is the only true one.
function editor(form) {
  let timer = 0;
  let asked = 0;
  const refresh = async () => {
    const mine = ++asked;
    form.setAttribute("aria-busy", "true");
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    if (answer.ok && mine === asked) {
      fill(await answer.json());
    }
    form.removeAttribute("aria-busy");
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 500);
  });
}

function fill(mail) {
  listed(mail.problems);
  if (!mail.html) {
    return;
  }
  document.querySelectorAll("[data-mail]").forEach((place) => {
    const words = mail[place.dataset.mail];
    if (place.tagName === "IFRAME") {
      place.srcdoc = words;
    } else {
      place.textContent = words;
    }
  });
}

function listed(problems) {
  const list = document.getElementById("problems");
  list.replaceChildren(...problems.map((problem) => {
    const note = document.createElement("div");
    note.className = `m-note m-note--${problem.level === "error" ? "red" : "amber"}`;
    const head = document.createElement("strong");
    head.textContent = `${list.dataset[problem.part] || problem.part} ${problem.line}:${problem.column} · ${problem.message}`;
    const hint = document.createElement("p");
    hint.className = "m-muted";
    hint.textContent = problem.hint;
    note.append(head, hint);
    return note;
  }));
}
