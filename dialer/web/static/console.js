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

function watchUploads() {
  const drop = byId("drop"), input = byId("file"), form = byId("import-form"), bar = byId("upload");
  if (!form) return;
  const empty = [byId("drop-name").textContent, byId("drop-hint").textContent];
  const show = () => {
    const file = input.files[0];
    drop.classList.toggle("chosen", Boolean(file));
    byId("drop-name").textContent = file ? file.name : empty[0];
    byId("drop-hint").textContent = file ? `${Math.max(1, Math.round(file.size / 1024)).toLocaleString()} kB` : empty[1];
  };
  input.addEventListener("change", () => { show(); guessColumns(); });
  byId("import-campaign").addEventListener("change", () => guessColumns());
  form.addEventListener("reset", () => { byId("columns-guessed").replaceChildren(); setTimeout(show); });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    show();
    guessColumns();
  });
  // A file that misses the zone must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

  form.addEventListener("htmx:beforeRequest", () => { bar.hidden = false; bar.value = 0; byId("import-result").replaceChildren(); });
  form.addEventListener("htmx:xhr:progress", (event) => {
    if (!event.detail.lengthComputable) return;
    const percent = (event.detail.loaded / event.detail.total) * 100;
    // Uploaded is not yet imported: an indeterminate bar says that the server works.
    if (percent < 100) bar.value = percent; else bar.removeAttribute("value");
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    bar.hidden = true;
    if (event.detail.successful && event.detail.elt === form) form.reset();
  });
}

localizeTimes(document);
watchUploads();
