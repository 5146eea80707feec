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
    worst: (a, b) => a.dataset.worst - b.dataset.worst,
    used: (a, b) => b.dataset.used - a.dataset.used,
    name: (a, b) => a.querySelector(".name").textContent.localeCompare(b.querySelector(".name").textContent, "en", { numeric: true }),
    device: (a, b) => a.dataset.device.localeCompare(b.dataset.device) || orders.worst(a, b),
    order: (a, b) => a.dataset.run - b.dataset.run,
  };
  let sorted = "worst";

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
    if (sort.value !== "worst") said.set("sort", sort.value);
    history.replaceState(null, "", `#${said}`);
  }
  // What the address says: a result that is looked at, or a choice.
  function recall() {
    const said = location.hash.slice(1), row = said.startsWith("t-") ? $(said) : null;
    if (row) {
      if (row.hidden) {
        choose(new URLSearchParams());
        apply();
      }
      open(row, true);
      row.scrollIntoView({ behavior: "instant" });
      row.querySelector(".name").focus({ preventScroll: true });
      return;
    }
    choose(new URLSearchParams(said));
    apply();
  }
  function choose(said) {
    const outcomes = said.getAll("outcome");
    find.value = said.get("find") || "";
    for (const chip of chips) chip.setAttribute("aria-pressed", outcomes.includes(chip.dataset.outcome));
    if (device) {
      device.value = said.get("device") || "";
      if (device.selectedIndex < 0) device.value = "";
    }
    sort.value = Object.hasOwn(orders, said.get("sort")) ? said.get("sort") : "worst";
  }
  function clear() {
    choose(new URLSearchParams({ sort: sort.value }));
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
  const viewer = $("viewer"), suffixes = { "image/svg+xml": ".svg", "text/html": ".html", "text/plain": ".txt" };
  // A flame graph remembers its zoom in its address, which a frame without an origin may not change.
  const still = (svg) => svg.replace(/<svg\b[^>]*>/, "$&<script>history.replaceState = () => {};<" + "/script>");
  async function unpacked(id) {
    const packed = Uint8Array.from(atob($(id).textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  }
  const addresses = [];
  function address(content, form) {
    const type = form === "text/plain" ? `${form};charset=utf-8` : form;
    addresses.push(URL.createObjectURL(new Blob([content], { type })));
    return addresses.at(-1);
  }
  async function show(button) {
    const form = button.dataset.form, title = button.textContent, content = await unpacked(button.dataset.file);
    $("viewer-title").textContent = title;
    $("viewer-save").href = address(content, form);
    $("viewer-save").download = `${title.replace(/[^\w.-]+/g, "-")}${suffixes[form]}`;
    if (form === "text/plain") {
      const pre = document.createElement("pre");
      pre.tabIndex = 0;
      pre.textContent = new TextDecoder().decode(content);
      $("viewer-body").replaceChildren(pre);
    } else {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.title = title;
      const shown = form === "image/svg+xml" ? still(new TextDecoder().decode(content)) : content;
      frame.src = address(shown, form);
      $("viewer-body").replaceChildren(frame);
    }
    viewer.showModal();
  }
  viewer.addEventListener("close", () => {
    $("viewer-body").replaceChildren();
    for (const one of addresses.splice(0)) URL.revokeObjectURL(one);
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
