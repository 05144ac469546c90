(() => {
  "use strict";
  const all = [...document.querySelectorAll("details.finding")];
  const list = [...document.querySelectorAll("#findings details.finding")];
  const form = document.getElementById("filters");
  const names = ["severity", "verdict", "status", "cloud"];
  const texts = new Map();

  const textOf = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };

  const chosen = (name) =>
    [...form.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value);

  const remember = () => {
    const state = new URLSearchParams();
    if (form.elements.q.value) state.set("q", form.elements.q.value);
    for (const name of names) for (const value of chosen(name)) state.append(name, value);
    const hash = state.toString() ? `#filter?${state}` : "#findings";
    if (location.hash === hash || (hash === "#findings" && !location.hash)) return;
    history.replaceState(null, "", hash);
  };

  const apply = () => {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = names.map((name) => [name, new Set(chosen(name))]);
    let shown = 0;
    for (const item of list) {
      const fits =
        wanted.every(([name, values]) => !values.size || values.has(item.dataset[name])) &&
        words.every((word) => textOf(item).includes(word));
      item.hidden = !fits;
      shown += fits;
    }
    document.getElementById("shown").textContent = `${shown} of ${list.length} shown`;
  };

  const openTarget = () => {
    if (!location.hash.startsWith("#f-")) return;
    const item = document.getElementById(location.hash.slice(1));
    if (!item) return;
    item.hidden = false;
    item.open = true;
    item.scrollIntoView();
  };

  const restore = () => {
    if (form && location.hash.startsWith("#filter?")) {
      const state = new URLSearchParams(location.hash.slice("#filter?".length));
      form.elements.q.value = state.get("q") || "";
      for (const box of form.querySelectorAll("input[type=checkbox]"))
        box.checked = state.getAll(box.name).includes(box.value);
    }
    if (form) apply();
    openTarget();
  };

  if (form) {
    form.hidden = false;
    const changed = () => { remember(); apply(); };
    form.addEventListener("input", changed);
    form.addEventListener("reset", () => setTimeout(changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    const unfold = document.getElementById("unfold");
    unfold.addEventListener("click", () => {
      const open = unfold.getAttribute("aria-pressed") !== "true";
      unfold.setAttribute("aria-pressed", String(open));
      for (const item of list) item.open = open;
    });
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all.filter((item) => !item.open);
    for (const item of closed) item.open = true;
  });
  window.addEventListener("afterprint", () => { for (const item of closed) item.open = false; });
  window.addEventListener("hashchange", restore);
  restore();
})();
