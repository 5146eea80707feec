"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const list = $("list"), rows = [...list.children], chips = [...document.querySelectorAll(".chip")];
  const find = $("find"), device = $("device"), sort = $("sort");
  const texts = new Map();

  // What a row says, for the search; read when it is first asked for, because there may be hundreds.
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const chosen = () => chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.outcome);

  const orders = {
    rank: (a, b) => a.dataset.rank - b.dataset.rank || a.dataset.order - b.dataset.order,
    used: (a, b) => b.dataset.used - a.dataset.used,
    name: (a, b) => a.querySelector(".name").textContent.localeCompare(b.querySelector(".name").textContent, "en", { numeric: true }),
    device: (a, b) => a.dataset.device.localeCompare(b.dataset.device) || orders.rank(a, b),
    order: (a, b) => a.dataset.run - b.dataset.run,
  };
  let sorted = "rank";

  function apply() {
    const outcomes = chosen(), words = find.value.toLowerCase().split(/\s+/).filter(Boolean), on = device ? device.value : "";
    let shown = 0;
    for (const row of rows) {
      const own = row.dataset.outcomes.split("|");
      row.hidden = !((!outcomes.length || outcomes.some((one) => own.includes(one))) && (!on || row.dataset.device === on) &&
        words.every((word) => text(row).includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    if (sort.value !== sorted) {
      sorted = sort.value;
      list.append(...[...rows].sort(orders[sorted]));
    }
    const all = rows.length;
    $("count").textContent = shown === all ? `${all} result${all === 1 ? "" : "s"}` : `${shown} of ${all} results`;
    $("nothing").hidden = shown > 0 || all === 0;
    $("clear").hidden = !(outcomes.length || words.length || on);
  }

  // The choice stands in the address, so that it can be sent to somebody.
  function remember() {
    const said = new URLSearchParams();
    if (find.value) said.set("find", find.value);
    for (const one of chosen()) said.append("outcome", one);
    if (device && device.value) said.set("device", device.value);
    if (sort.value !== "rank") said.set("sort", sort.value);
    history.replaceState(null, "", `#${said}`);
  }
  function recall() {
    const hash = decodeURIComponent(location.hash.slice(1)), row = hash.startsWith("t-") ? $(hash) : null;
    if (row) {
      if (row.hidden) clear();
      open(row, true);
      row.scrollIntoView();
      row.querySelector(".name").focus({ preventScroll: true });
      return;
    }
    const said = new URLSearchParams(location.hash.slice(1)), outcomes = said.getAll("outcome");
    find.value = said.get("find") || "";
    for (const chip of chips) chip.setAttribute("aria-pressed", outcomes.includes(chip.dataset.outcome));
    if (device) device.value = said.get("device") || "";
    sort.value = said.get("sort") in orders ? said.get("sort") : "rank";
    apply();
  }
  function clear() {
    find.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    if (device) device.value = "";
    change();
  }
  function change() {
    apply();
    remember();
  }

  function open(row, wanted) {
    const toggle = row.querySelector(".toggle"), more = $(toggle.getAttribute("aria-controls"));
    toggle.setAttribute("aria-expanded", wanted);
    if (wanted) more.removeAttribute("hidden");
    else more.setAttribute("hidden", "until-found");
  }
  const isOpen = (row) => row.querySelector(".toggle").getAttribute("aria-expanded") === "true";

  list.addEventListener("click", (event) => {
    const toggle = event.target.closest(".toggle"), file = event.target.closest(".file");
    if (toggle) open(toggle.closest(".row"), toggle.getAttribute("aria-expanded") !== "true");
    if (file) show(file);
  });
  // The browser's own search opens what it finds.
  list.addEventListener("beforematch", (event) => open(event.target.closest(".row"), true));
  $("open-all").addEventListener("click", () => {
    const seen = rows.filter((row) => !row.hidden), wanted = !seen.every(isOpen);
    for (const row of seen) open(row, wanted);
    $("open-all").textContent = wanted ? "Close all" : "Open all";
  });
  for (const chip of chips) chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    change();
  });
  for (const one of [find, device, sort]) if (one) one.addEventListener("input", change);
  $("tools").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["clear", "clear-too"]) $(id).addEventListener("click", () => { clear(); find.focus(); });
  addEventListener("hashchange", recall);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !$("viewer").open) {
      event.preventDefault();
      find.focus();
    }
  });

  // A file is unpacked when it is looked at, and shown where its own program can reach neither this page nor a network.
  const viewer = $("viewer");
  // A flame graph remembers its zoom in its address, which a frame without an origin may not change.
  const still = (svg) => svg.replace(/<svg\b[^>]*>/, "$&<script>history.replaceState = () => {};<" + "/script>");
  let address = "";
  async function show(button) {
    const packed = Uint8Array.from(atob($(button.dataset.file).textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const form = button.dataset.form, content = await new Response(stream).arrayBuffer();
    address = URL.createObjectURL(new Blob([content], { type: form === "text/plain" ? "text/plain;charset=utf-8" : form }));
    $("viewer-title").textContent = button.textContent;
    $("viewer-save").href = address;
    $("viewer-save").download = button.textContent.replace(/[^\w.-]+/g, "-") + ({ "image/svg+xml": ".svg", "text/html": ".html" }[form] || ".txt");
    if (form === "text/plain") {
      const pre = document.createElement("pre");
      pre.tabIndex = 0;
      pre.textContent = new TextDecoder().decode(content);
      $("viewer-body").replaceChildren(pre);
    } else {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.title = button.textContent;
      const shown = form === "image/svg+xml" ? still(new TextDecoder().decode(content)) : content;
      frame.src = URL.createObjectURL(new Blob([shown], { type: form }));
      $("viewer-body").replaceChildren(frame);
    }
    viewer.showModal();
  }
  viewer.addEventListener("close", () => {
    $("viewer-body").replaceChildren();
    URL.revokeObjectURL(address);
  });
  $("viewer-close").addEventListener("click", () => viewer.close());

  // Storage may be refused to a file.
  const stored = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("edgesense-theme", value);
      return localStorage.getItem("edgesense-theme") || "";
    } catch {
      return value || "";
    }
  };
  let theme = stored();
  function paint() {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    $("theme").querySelector("span").textContent = theme || "system";
    $("theme").setAttribute("aria-label", `Colours: ${theme || "as the system has them"}`);
  }
  $("theme").addEventListener("click", () => {
    theme = { "": "dark", dark: "light", light: "" }[theme] ?? "";
    stored(theme);
    paint();
  });

  paint();
  recall();
})();
