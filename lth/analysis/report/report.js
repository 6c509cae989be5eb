"use strict";
// Charts, legends that hide arms on the whole page, sortable tables, and links that keep what is shown.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const charts = read("-charts"), times = read("-measured");
  const hidden = new Set(), views = {}, chosen = {};
  const config = {
    background: "transparent", aria: false, font: "system-ui, sans-serif", view: { stroke: null },
    axis: {
      labelColor: "var(--ink)", titleColor: "var(--ink)", gridColor: "var(--line)", domainColor: "var(--soft)",
      tickColor: "var(--soft)", labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelOverlap: true,
    },
  };

  const columns = (name) => ({ ...charts[name].columns, ...times[name] });

  /** The cells of a column, of which the page holds the different ones and the places of each, or an equal column. */
  function columnOf(name, key) {
    const column = columns(name)[key] || [];
    if (typeof column === "string") return columnOf(name, column);
    return Array.isArray(column) ? column : column.at.map((place) => column.of[place]);
  }

  /** The rows of a chart, from its columns. */
  function rowsOf(name) {
    const names = Object.keys(columns(name)), cells = names.map((key) => columnOf(name, key));
    return Array.from(cells[0] || [], (_, at) => Object.fromEntries(names.map((key, place) => [key, cells[place][at]])));
  }

  /** A specification in which every place for a choice is filled. */
  function filled(part, places) {
    if (typeof part === "string") {
      if (part in places) return places[part] ?? undefined;
      return part.replace(/@[a-z]+(\.\w+)?/g, (place) => places[place] ?? place);
    }
    if (Array.isArray(part)) return part.map((one) => filled(one, places));
    if (part && typeof part === "object")
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, filled(value, places)]));
    return part;
  }

  function places(name) {
    const { x, y, scale } = chosen[name], found = { "@scale": scale || "linear", "@nice": scale !== "log" };
    Object.assign(found, { "@interpolate": "linear", "@height": 320, "@clip": Boolean(y?.domain) });
    found["@zero"] = scale === "log" ? undefined : false;
    for (const [axis, choice] of [["x", x], ["y", y]])
      for (const [key, value] of Object.entries(choice || {})) found[`@${axis}.${key}`] = value;
    found["@x.ticks"] = scale === "log" ? logTicks(columnOf(name, x.field)) : undefined;
    const shown = charts[name].series.filter((entry) => !hidden.has(entry.key)).length;
    found["@band"] = shown > 5 ? 0.08 : 0.16;
    return found;
  }

  /** Ticks of a logarithmic axis: 1, 2 and 5 of each power of ten; the powers alone where that is too many. */
  function logTicks(cells) {
    const values = cells.filter((value) => value > 0), low = Math.min(...values), high = Math.max(...values);
    const powers = [];
    for (let at = Math.floor(Math.log10(low)); at <= Math.log10(high); at++) powers.push(at);
    const within = (steps) => powers.flatMap((at) => steps.map((one) => Number(`${one}e${at}`)))
      .filter((tick) => tick >= low && tick <= high);
    const some = within([1, 2, 5]);
    if (some.length < 2) return undefined; // a narrow range: Vega's own
    return some.length > 10 ? within([1]) : some;
  }

  async function draw(name) {
    const rows = rowsOf(name), found = places(name), made = [];
    for (const [at, panel] of charts[name].panels.entries()) {
      const place = document.getElementById(name).querySelectorAll(".chart")[at];
      const spec = {
        $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container",
        autosize: { type: "fit-x", contains: "padding" },
        ...filled(charts[name].spec, { ...found, ...panel.places }),
        params: [{ name: "hidden", value: [...hidden] }], data: { values: rows },
      };
      const axisY = { labelLimit: Math.min(260, 0.35 * place.clientWidth) };
      const { view } = await vegaEmbed(place, spec, { actions: false, renderer: "svg", logLevel: 1, config: { ...config, axisY } });
      place.querySelector("svg").setAttribute("aria-hidden", "true"); // all panels are one image, with its words
      made.push(view);
    }
    views[name]?.forEach((view) => view.finalize());
    views[name] = made;
    fade(name);
    describe(name);
  }

  /** The panels that have values on the chosen axis; null where panels differ in something else. */
  function withValues(name) {
    const { x } = chosen[name];
    if (!x || !("panel" in columns(name))) return null;
    const values = columnOf(name, x.field);
    return new Set(columnOf(name, "panel").filter((_, at) => values[at] !== null));
  }

  /** Panels of which everything is hidden are hidden, too; of those without a value on the axis only the title stays. */
  function fade(name) {
    const boxes = document.getElementById(name).querySelectorAll(".panel");
    const known = withValues(name);
    let shown = false;
    for (const [at, { keys, places }] of charts[name].panels.entries()) {
      const gone = keys.length > 0 && keys.every((key) => hidden.has(key));
      const unknown = known !== null && !known.has(places["@panel"]);
      shown ||= (boxes[at].hidden || boxes[at].classList.contains("unknown")) && !gone && !unknown;
      boxes[at].hidden = gone;
      boxes[at].classList.toggle("unknown", unknown);
    }
    if (shown) dispatchEvent(new Event("resize")); // Vega asks for a width only then
  }

  /** What a screen reader is told of a chart. */
  function describe(name) {
    const { x, y, scale } = chosen[name], title = document.querySelector(`#${CSS.escape(name)} :is(h2, h3, h4)`);
    const axes = x ? `: ${y?.title} against ${x.title}${scale === "log" ? ", logarithmic" : ""}` : "";
    const off = charts[name].series.filter((entry) => hidden.has(entry.key)).map((entry) => entry.label);
    const words = `${title.firstChild.textContent.trim()}${axes}${off.length ? `; hidden: ${off.join(", ")}` : ""}`;
    document.querySelector(`#${CSS.escape(name)} .charts`).setAttribute("aria-label", words);
  }

  // --- what is shown, and links to it ---

  function note(name) {
    const { x, y, scale } = chosen[name] || {}, told = new URLSearchParams();
    if (x) { told.set("x", x.name); told.set("scale", scale); }
    if (y) told.set("y", y.name);
    if (hidden.size) told.set("hide", [...hidden].join(","));
    history.replaceState(null, "", `#${name}${[...told].length ? `?${told}` : ""}`);
    document.querySelector(`#${CSS.escape(name)} .link`)?.setAttribute("href", location.hash);
  }

  /** Takes up what a link says; returns the place that it leads to. */
  function recall() {
    const [place, query] = decodeURI(location.hash.slice(1)).split("?");
    if (query === undefined) return place;
    const told = new URLSearchParams(query);
    const known = new Set(Object.values(charts).flatMap((chart) => chart.series.map((entry) => entry.key)));
    hidden.clear();
    for (const key of (told.get("hide") || "").split(",")) if (known.has(key)) hidden.add(key);
    if (place in charts) {
      for (const axis of ["x", "y"]) {
        const choice = usable(place, axis).find((one) => one.name === told.get(axis));
        if (choice) chosen[place][axis] = choice;
      }
      if (["linear", "log"].includes(told.get("scale"))) chosen[place].scale = told.get("scale");
    }
    return place;
  }

  function show(key, alone) {
    if (alone) {
      const all = Object.values(charts).flatMap((chart) => chart.series);
      const { group } = all.find((entry) => entry.key === key);
      const keys = new Set(all.filter((entry) => entry.group === group).map((entry) => entry.key));
      const only = [...keys].every((one) => hidden.has(one) !== (one === key));
      for (const one of keys) hidden.delete(one);
      if (!only) for (const one of keys) if (one !== key) hidden.add(one);
    } else if (!hidden.delete(key)) hidden.add(key);
  }

  function refresh() {
    for (const [name, made] of Object.entries(views)) {
      for (const view of made) view.signal("hidden", [...hidden]).runAsync();
      fade(name);
      describe(name);
    }
    for (const button of document.querySelectorAll(".legend [data-key]"))
      button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.key)));
    for (const button of document.querySelectorAll(".legend .all")) button.hidden = !hidden.size;
    for (const row of document.querySelectorAll("tr[data-key]")) row.hidden = hidden.has(row.dataset.key);
  }

  // --- controls ---

  /** The choices of an axis of which there are values: a machine may not have measured all. */
  function usable(name, axis) {
    return charts[name][axis].filter((choice) => columnOf(name, choice.field).some((value) => value !== null));
  }

  function select(label, options, value, changed) {
    const box = document.createElement("label"), list = document.createElement("select");
    list.append(...options.map((name) => new Option(name, name, false, name === value)));
    list.addEventListener("change", () => changed(list.value));
    box.append(`${label} `, list);
    return box;
  }

  function controls(name) {
    const { x, y, scale } = chosen[name], box = document.querySelector(`#${CSS.escape(name)} .controls`);
    if (!x) return;
    const again = (change) => { change(); note(name); controls(name); return draw(name); };
    const pick = (axis, words) => {
      const options = usable(name, axis);
      return select(words, options.map((one) => one.name), chosen[name][axis].name, (value) =>
        again(() => {
          chosen[name][axis] = options.find((one) => one.name === value);
          if (axis === "x") chosen[name].scale = chosen[name].x.log ? "log" : "linear";
        }).then(() => box.querySelector(`label:nth-child(${axis === "x" ? 1 : 2}) select`).focus()));
    };
    box.replaceChildren(
      pick("x", "x:"), ...(charts[name].y.length > 1 ? [pick("y", "y:")] : []),
      select("scale:", ["linear", "log"], scale, (value) =>
        again(() => { chosen[name].scale = value; }).then(() => box.querySelector("label:last-child select").focus())));
  }

  function swatch(entry) {
    const dash = entry.dash[1] ? ` stroke-dasharray="${entry.dash.join(" ")}"` : "";
    return `<svg viewBox="0 0 24 12" aria-hidden="true"><path d="M0 6H24" stroke="${entry.colour}" stroke-width="2"${dash}/>` +
      `<path transform="translate(12 6) scale(4)" d="${entry.shape}" stroke="${entry.colour}" stroke-width=".375" fill="${entry.fill}"/></svg>`;
  }

  function legend(name) {
    const box = document.querySelector(`#${CSS.escape(name)} .legend`);
    const press = (key, alone) => { show(key, alone); refresh(); note(name); };
    for (const entry of charts[name].series) {
      const pair = document.createElement("span"), main = document.createElement("button"), only = document.createElement("button");
      main.type = only.type = "button";
      main.dataset.key = entry.key;
      main.setAttribute("aria-pressed", String(!hidden.has(entry.key)));
      main.innerHTML = swatch(entry);
      main.append(entry.label);
      main.title = "Hide or show, in all figures";
      only.textContent = "only";
      only.title = "Show nothing else, in all figures";
      only.setAttribute("aria-label", `only ${entry.label}`);
      main.addEventListener("click", (event) => press(entry.key, event.shiftKey));
      only.addEventListener("click", () => press(entry.key, true));
      pair.append(main, only);
      box.append(pair);
    }
    const all = document.createElement("button");
    all.type = "button"; all.className = "all"; all.textContent = "show all"; all.hidden = !hidden.size;
    all.addEventListener("click", () => { hidden.clear(); refresh(); note(name); });
    box.append(all);
  }

  /** The rows of a chart as a table, made when it is opened. */
  function numbers(name) {
    const details = document.querySelector(`#${CSS.escape(name)} .numbers`);
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      const rows = rowsOf(name), inner = new Set(["key", "series", "order", "alone", "other", "place", "link", "line", "panel"]);
      const columns = Object.keys(rows[0] || {}).filter((column) => !inner.has(column));
      const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
      for (const column of columns) {
        const cell = document.createElement("th");
        cell.scope = "col"; cell.textContent = column.replaceAll("_", " ");
        head.append(cell);
      }
      for (const row of rows) {
        const line = body.insertRow();
        line.dataset.key = row.key; line.hidden = hidden.has(row.key);
        for (const column of columns) line.insertCell().textContent = row[column] ?? "";
      }
      const box = document.createElement("div");
      box.className = "scroll"; box.tabIndex = 0; box.setAttribute("role", "region");
      box.setAttribute("aria-label", "The numbers of this figure");
      box.append(table);
      details.append(box);
      sortable(table);
    });
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0], text = (row) => row.cells[at].textContent.trim();
        const number = (row) => parseFloat(text(row).replaceAll(",", "").replace("−", "-").replace(/^[<±]\s*/, ""));
        const rows = [...body.rows], numeric = rows.some((row) => !isNaN(number(row)));
        rows.sort((one, other) => {
          const [a, b] = [number(one), number(other)];
          if (!numeric) return text(one).localeCompare(text(other)) * (down ? -1 : 1);
          if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b); // what is not known comes last either way
          return (a - b) * (down ? -1 : 1);
        });
        body.append(...rows);
      });
    });
  }

  for (const name of Object.keys(charts)) {
    const [x] = usable(name, "x"), [y] = usable(name, "y");
    chosen[name] = { x, y, scale: x?.log ? "log" : "linear" };
  }
  async function begin() {
    const place = recall();
    for (const name of Object.keys(charts)) { controls(name); legend(name); numbers(name); }
    document.querySelectorAll("table.sortable").forEach(sortable);
    refresh();
    for (const name of Object.keys(charts)) await draw(name);
    if (place && document.getElementById(place)) document.getElementById(place).scrollIntoView();
    document.documentElement.dataset.drawn = "yes";
  }
  // On paper nothing can be unfolded, so everything is, until the page is back on a screen.
  let folded = [];
  matchMedia("print").addEventListener("change", ({ matches }) => {
    if (matches) folded = [...document.querySelectorAll("details:not([open], .numbers)")];
    for (const one of folded) one.open = matches;
  });
  addEventListener("hashchange", async () => {
    const place = recall();
    refresh();
    if (place in charts) { controls(place); await draw(place); }
    document.getElementById(place)?.scrollIntoView();
  });
  begin();
})();
