// Shows at once what a change of the form means. Without this script the form's button does the same.

const form = document.getElementById("wish");
const answer = document.getElementById("answer");
/** Milliseconds after the last key until the server is asked. */
const PAUSE = 250;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function show({ picture, facts, told, files, note }) {
  const [list, figure, , sizes, links, small] = answer.children;
  list.replaceChildren(...told.map(({ text, bad }) => element("li", bad ? { class: "bad" } : {}, text)));
  const old = figure.firstElementChild;
  if (!picture) figure.replaceChildren();
  else if (old?.getAttribute("src") !== picture.src) figure.replaceChildren(element("img", picture));
  const row = ({ label, value }) => element("div", {}, element("dt", {}, label), element("dd", {}, value));
  sizes.replaceChildren(...facts.map(row));
  const link = ({ href, text }) => element("a", { class: "button", href, download: "" }, text);
  links.replaceChildren(...files.flatMap((file) => [link(file), " "]));
  small.textContent = note;
}

let waits;
let asked = 0;

async function ask() {
  const query = new URLSearchParams(new FormData(form));
  const mine = ++asked;
  try {
    const reply = await fetch(`/issuing/marks/advice?${query}`, { credentials: "same-origin" });
    // Whoever has left sees the door.
    if (reply.status === 401) return location.reload();
    if (!reply.ok || mine !== asked) return;
    show(await reply.json());
    history.replaceState(null, "", `/issuing/marks?${query}`);
  } catch {
    // The network is down: the button says so.
  }
}

if (answer) {
  document.documentElement.classList.add("live");
  form.addEventListener("input", (event) => {
    if (event.target.name === "certificate") return;
    // A size belongs to its layout.
    if (event.target.name === "layout") form.elements.width.value = "";
    clearTimeout(waits);
    waits = setTimeout(ask, PAUSE);
  });
}
