// The console's own behaviour: dialogs, the drop zone, times in the reader's own zone. The rest is htmx.

const byId = (id) => document.getElementById(id);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) byId(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  // A click on a modal dialog itself, and on nothing within it, is one on its backdrop.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

document.body.addEventListener("done", () => {
  document.querySelectorAll("dialog[open]:not(.drawer)").forEach((dialog) => {
    dialog.querySelector("form")?.reset();
    dialog.close();
  });
});

document.addEventListener("close", (event) => {
  event.target.querySelector?.("[id^=problem-]")?.replaceChildren();
  // What is not there asks for nothing: the open call is polled only while somebody looks at it.
  if (event.target.id === "drawer") byId("drawer-body").replaceChildren();
}, true);

document.body.addEventListener("htmx:afterSwap", (event) => {
  localizeTimes(event.target);
  if (event.detail.target.id === "drawer-body" && !byId("drawer").open) byId("drawer").showModal();
  if (event.detail.target.id === "notes") {
    const note = byId("notes").lastElementChild;
    setTimeout(() => note?.remove(), note?.classList.contains("bad") ? 12000 : 5000);
  }
});

// What is unfolded in a part stays so when the part comes again.
const unfolded = (root) => [...root.querySelectorAll("details[id][open]")].map((details) => details.id);
let keptOpen = [];
document.body.addEventListener("htmx:beforeSwap", (event) => { keptOpen = unfolded(event.detail.target); });
document.body.addEventListener("htmx:afterSwap", () => {
  keptOpen.forEach((id) => byId(id)?.setAttribute("open", ""));
});

// An answer that was on its way when the drawer was closed must not open it again, and a playing recording must not be
// cut off by a newer look at the same call.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "drawer-body") return;
  const polled = event.detail.requestConfig.elt.id === "call-part";
  const playing = [...byId("drawer-body").querySelectorAll("audio")].some((audio) => !audio.paused);
  if (polled && (!byId("drawer").open || playing)) event.detail.shouldSwap = false;
});

document.body.addEventListener("htmx:sendError", () => {
  document.body.classList.add("offline");
});
document.body.addEventListener("htmx:afterOnLoad", () => {
  document.body.classList.remove("offline");
});

function localizeTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, {
    day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
  });
  root.querySelectorAll("time[datetime]").forEach((time) => {
    const moment = new Date(time.dateTime);
    time.title = moment.toUTCString();
    time.textContent = format.format(moment);
  });
}

// The beginning of the file is enough to see which column is which. What cannot be read is told when it is imported.
async function guessColumns() {
  const file = byId("file").files[0], campaign = byId("import-campaign").value;
  byId("columns-guessed").replaceChildren();
  if (!file || !campaign) return;
  const body = new FormData();
  body.set("file", file.slice(0, 65536), file.name);
  body.set("campaign", campaign);
  const token = document.querySelector("meta[name=csrf-token]").content;
  const answer = await fetch("/console/leads/columns", {
    method: "POST", body, headers: { "X-CSRF-Token": token, "HX-Request": "true" },
  });
  if (answer.ok) byId("columns-guessed").innerHTML = await answer.text();
}

// A form with a drop zone: what is dropped on it is chosen, and the bar shows how far the upload is.
function watchUploads(form) {
  const drop = form.querySelector(".drop"), input = form.querySelector("input[type=file]"), bar = form.querySelector("progress");
  const name = drop.querySelector(".drop-name"), hint = drop.querySelector(".drop-hint");
  const empty = [name.textContent, hint.textContent];
  const show = () => {
    const files = [...input.files], bytes = files.reduce((sum, file) => sum + file.size, 0);
    drop.classList.toggle("chosen", files.length > 0);
    name.textContent = files.length > 1 ? `${files.length} files` : files[0]?.name ?? empty[0];
    hint.textContent = files.length ? `${Math.max(1, Math.round(bytes / 1024)).toLocaleString()} kB` : empty[1];
  };
  input.addEventListener("change", show);
  form.addEventListener("reset", () => setTimeout(show));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });

  const result = document.querySelector(form.getAttribute("hx-target"));
  form.addEventListener("htmx:beforeRequest", () => { bar.hidden = false; bar.value = 0; result.replaceChildren(); });
  form.addEventListener("htmx:xhr:progress", (event) => {
    if (!event.detail.lengthComputable) return;
    const percent = (event.detail.loaded / event.detail.total) * 100;
    // Uploaded is not yet read: an indeterminate bar says that the server works.
    if (percent < 100) bar.value = percent; else bar.removeAttribute("value");
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    bar.hidden = true;
    if (event.detail.successful && event.detail.elt === form) form.reset();
  });
}

function watchColumns(form) {
  byId("file").addEventListener("change", guessColumns);
  byId("import-campaign").addEventListener("change", guessColumns);
  form.addEventListener("reset", () => byId("columns-guessed").replaceChildren());
}

// A file that misses the zone must not replace the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());

localizeTimes(document);
document.querySelectorAll("form[data-uploads]").forEach(watchUploads);
if (byId("import-form")) watchColumns(byId("import-form"));
