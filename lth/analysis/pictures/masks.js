"use strict";
// Draws what the page holds; nothing is requested.
const told = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const percent = (share) => (100 * share).toFixed(100 * share < 9.995 ? 2 : 1) + " %";
const whole = (number) => number.toLocaleString("en");
const product = (sizes) => sizes.reduce((one, other) => one * other, 1);
const decoded = new Map();
const state = { one: 0, two: -1, layer: 0, view: "", round: Infinity, unit: 0 };
let timer = 0;

async function blob(place) {
  if (!decoded.has(place)) {
    const bytes = Uint8Array.from(atob(told.blobs[place]), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    decoded.set(place, new Uint8Array(await new Response(stream).arrayBuffer()));
  }
  return decoded.get(place);
}

/** The cells of a layer in a round: 0 or 1 of weights, shares from 0 to 1 of blocks. */
async function cellsOf(layer, round) {
  const bytes = await blob(layer.cells), n = layer.rows * layer.columns, found = new Float32Array(n);
  if (layer.coding === "last") for (let i = 0; i < n; i++) found[i] = bytes[i] > round ? 1 : 0;
  else if (layer.coding === "shares") for (let i = 0; i < n; i++) found[i] = bytes[round * n + i] / 255;
  else {
    const start = round * Math.ceil(n / 8);
    for (let i = 0; i < n; i++) found[i] = (bytes[start + (i >> 3)] >> (7 - (i & 7))) & 1;
  }
  return found;
}

const exact = (layer) => layer.coding !== "shares";
const kernels = (layer) => layer.shape.length === 4 && product(layer.shape.slice(2)) > 1;

/** How a layer can be drawn: [name, words]. */
function viewsOf(layer) {
  const views = [];
  if (exact(layer) && layer.image) views.push(["units", "each unit's inputs as an image"]);
  if (exact(layer) && kernels(layer)) views.push(["kernels", "kernels"]);
  views.push(["matrix", exact(layer) ? "matrix of weights" : "matrix of blocks"]);
  return views;
}

/**
 * Where weights are drawn: `place` gives the point that each cell falls on, `count` how many fall on it. Points lie in `down`
 * rows of `across` tiles of `width` by `height` points, with gaps between tiles.
 */
function arrangement(layer, view, most) {
  const n = layer.rows * layer.columns, plan = { place: new Int32Array(n), gaps: true };
  if (view === "matrix") {
    const each = Math.max(1, Math.ceil(layer.columns / most)), cells = exact(layer) ? "weight" : "block";
    const width = Math.ceil(layer.columns / each);
    Object.assign(plan, { width, height: Math.ceil(layer.rows / each), across: 1, down: 1, gaps: false });
    for (let i = 0; i < n; i++)
      plan.place[i] = Math.floor(Math.floor(i / layer.columns) / each) * width + Math.floor((i % layer.columns) / each);
    plan.words = `${layer.rows} by ${layer.columns} ${cells}s, a row for each output${exact(layer) ? "" : " block"}` +
      (each > 1 ? `; a point is ${each} by ${each} ${cells}s` : "");
  } else {
    const units = view === "units", [height, width] = units ? layer.image.slice(1) : layer.shape.slice(2);
    const [outputs, inputs] = units ? [layer.rows, 1] : layer.shape, size = height * width;
    const square = Math.ceil(Math.sqrt(outputs * 1.4 * height / width)), fitting = Math.max(1, Math.floor((most - 1) / (width + 1)));
    const across = inputs === 1 ? Math.min(square, fitting) : inputs, row = across * width;
    Object.assign(plan, { width, height, across, down: Math.ceil(outputs * inputs / across), units });
    for (let i = 0; i < n; i++) {
      const tile = units ? Math.floor(i / layer.columns) : Math.floor(i / size), inside = units ? (i % layer.columns) % size : i % size;
      plan.place[i] = (Math.floor(tile / across) * height + Math.floor(inside / width)) * row + (tile % across) * width + inside % width;
    }
    plan.words = units ? `a picture of ${width} by ${height} pixels for each of ${outputs} units` : `${outputs * inputs} kernels of ${width} by ${height}` +
      (inputs === 1 ? "" : "; a row for each output channel, a column for each input channel");
  }
  plan.count = new Uint16Array(plan.across * plan.width * plan.down * plan.height);
  for (const point of plan.place) plan.count[point]++;
  const full = [plan.across * (plan.width + 1), plan.down * (plan.height + 1)];
  plan.scale = Math.max(1, Math.floor(Math.min(most / full[0], Math.max(most, 560) / full[1], 24)));
  plan.gap = plan.gaps ? (plan.scale > 3 ? 3 : 1) : 0;
  return plan;
}

function colour(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const digits = value.length === 4 ? [...value.slice(1)].map((digit) => digit + digit).join("") : value.slice(1);
  return [0, 2, 4].map((start) => parseInt(digits.slice(start, start + 2), 16));
}

/** Fill a canvas: `shade(point)` gives the colour of a point that weights fall on. */
function paint(canvas, plan, shade) {
  const { scale, gap } = plan, row = plan.across * plan.width, rows = plan.down * plan.height;
  const end = (point, size) => point * scale + (Math.floor(point / size) + 1) * gap;
  canvas.width = end(row - 1, plan.width) + scale + gap;
  canvas.height = end(rows - 1, plan.height) + scale + gap;
  sized(canvas, canvas.width);
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  const points = new Uint32Array(image.data.buffer), packedColour = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  points.fill(packedColour(colour("--gap")));
  for (let point = 0; point < row * rows; point++) {
    if (!plan.count[point]) continue;
    const left = end(point % row, plan.width), top = end(Math.floor(point / row), plan.height), value = packedColour(shade(point));
    for (let y = top; y < top + scale; y++) points.fill(value, y * canvas.width + left, y * canvas.width + left + scale);
  }
  context.putImageData(image, 0, 0);
}

/** Give a canvas its width in CSS pixels, and its panel the same, so that captions are no wider. */
function sized(canvas, width) {
  canvas.style.width = width + "px";
  canvas.closest("figure").style.width = `min(100%, max(15rem, ${width + 2}px))`;
}

const between = (low, high, share) => low.map((value, i) => Math.round(value + (high[i] - value) * share));

/** The sum of the cells that fall on each point. */
function summed(plan, cells) {
  const sums = new Float32Array(plan.count.length);
  for (let i = 0; i < cells.length; i++) sums[plan.place[i]] += cells[i];
  return sums;
}

/** An arrangement of one picture of the inputs of a unit, or of all. */
const picture = (width, height, most) => ({ width, height, across: 1, down: 1, gap: 0, count: new Uint16Array(width * height).fill(1),
  scale: Math.max(1, Math.floor(most / Math.max(width, height))) });

/** How wide a panel can be where so many stand side by side. */
const roomFor = (panels) => Math.max(240, Math.min(720, Math.floor((document.querySelector("main").clientWidth - 40 - 20 * (panels - 1)) / panels)));

function element(tag, parent, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (parent) parent.append(made);
  return made;
}

/** A panel that stays where it is while its content changes: title, canvas with a text of its own, caption. */
function panel(parent, id, most) {
  const found = at(id);
  if (found) { found.hidden = false; return found; }
  const figure = element("figure", parent, undefined, { id });
  element("h3", figure);
  const box = element("div", figure, undefined, most ? { class: "scroll", tabindex: "0" } : {});
  element("canvas", box, undefined, { role: "img" });
  element("figcaption", figure);
  return figure;
}

function fill(figure, title, label, caption) {
  figure.querySelector("h3").textContent = title;
  figure.querySelector("canvas").setAttribute("aria-label", `${title}: ${label}`);
  const box = figure.querySelector(".scroll");
  if (box) { box.setAttribute("role", "region"); box.setAttribute("aria-label", title); }
  const words = figure.querySelector("figcaption");
  words.replaceChildren();
  for (const part of caption) {
    if (Array.isArray(part)) { element("span", words, undefined, { class: "key", style: `background: var(${part[0]})` }); words.append(part[1] + " "); }
    else words.append(part + " ");
  }
  return figure.querySelector("canvas");
}

/** The place among a ticket's rounds of the last one that is not after a round. */
function placeOf(ticket, round) {
  let place = 0;
  ticket.rounds.forEach((number, i) => { if (number <= round) place = i; });
  return place;
}

const allRounds = () => [...new Set(chosen().flatMap((ticket) => ticket.rounds))].sort((one, other) => one - other);
const chosen = () => [state.one, state.two].filter((place) => place >= 0).map((place) => told.tickets[place]);
const density = (ticket, place) =>
  ticket.layers.reduce((sum, layer) => sum + layer.kept[place], 0) / ticket.layers.reduce((sum, layer) => sum + product(layer.shape), 0);
const alike = (one, other) => one && other && one.name === other.name && String(one.shape) === String(other.shape);

/** The layer of the second ticket that belongs to the chosen one of the first, if there is one. */
function layersShown() {
  const [one, two] = chosen(), layer = one.layers[state.layer];
  const other = two && two.layers.find((candidate) => alike(candidate, layer));
  return [[one, layer], ...(other ? [[two, other]] : [])];
}

function told_of(ticket, place) {
  const accuracy = ticket.accuracy[place], several = new Set(ticket.datasets).size > 1;
  const trained = several && ticket.datasets[place] ? `, trained on ${ticket.datasets[place]}` : "";
  return `${ticket.title}: round ${ticket.rounds[place]}${trained}, ${percent(density(ticket, place))} of the weights kept` +
    (accuracy === null ? "" : `, test accuracy ${accuracy.toFixed(2)} %`);
}

function hideFrom(parent, names) {
  for (const child of parent.children) child.hidden = !names.includes(child.id);
}

async function drawMasks(round) {
  const parent = at("masks"), shown = layersShown(), paper = colour("--paper");
  const overlap = shown.length > 1 && shown.every(([, layer]) => exact(layer)), wide = document.querySelector("main").clientWidth > 700;
  const plan = arrangement(shown[0][1], state.view, roomFor(wide ? shown.length + (overlap ? 1 : 0) : 1)), names = [], found = [];
  for (const [i, [ticket, layer]] of shown.entries()) {
    const place = placeOf(ticket, round), cells = await cellsOf(layer, place), name = i ? "--two" : "--one", ink = colour(name);
    found.push(cells);
    names.push(`mask-${i}`);
    const sums = summed(plan, cells), total = product(layer.shape);
    const kept = `${whole(layer.kept[place])} of ${whole(total)} weights kept (${percent(layer.kept[place] / total)})`;
    const single = exact(layer) && plan.count.every((count) => count < 2);
    const canvas = fill(panel(parent, `mask-${i}`, true), `${ticket.title}, round ${ticket.rounds[place]}: ${layer.label}`, `${kept}, ${plan.words}`,
      [`${layer.name}: ${kept}. Drawn: ${plan.words}.`, [name, single ? "kept" : "all kept; paler: fewer"], ["--paper", single ? "pruned" : "all pruned"]]);
    paint(canvas, plan, (point) => between(paper, ink, sums[point] / plan.count[point]));
    canvas.onclick = plan.units ? (event) => selectUnit(event, canvas, plan, layer) : null;
  }
  if (overlap) names.push(drawOverlap(parent, plan, shown, found));
  hideFrom(parent, names);
}

function drawOverlap(parent, plan, shown, [one, two]) {
  const shared = one.map((value, i) => value * two[i]), count = (cells) => cells.reduce((sum, value) => sum + value, 0);
  const [kept, keptTwo, both] = [one, two, shared].map(count), union = kept + keptTwo - both, names = shown.map(([ticket]) => ticket.title);
  const chance = kept * keptTwo / one.length, expected = (chance / Math.max(1e-9, kept + keptTwo - chance)).toFixed(3);
  const words = `${whole(both)} weights kept by both, ${whole(kept - both)} by ${names[0]} alone, ${whole(keptTwo - both)} by ${names[1]} alone`;
  const canvas = fill(panel(parent, "overlap", true), `Overlap: ${shown[0][1].label}`, words, [
    `${words}. Jaccard index ${union ? (both / union).toFixed(3) : "undefined"}; of independent masks of these sizes about ${expected}.`,
    ["--both", "both"], ["--one", names[0] + " alone"], ["--two", names[1] + " alone"], ["--paper", "neither"]]);
  const [paper, blue, orange, dark] = ["--paper", "--one", "--two", "--both"].map(colour), sums = [one, two, shared].map((cells) => summed(plan, cells));
  paint(canvas, plan, (point) => {
    const all = plan.count[point], [first, second, common] = sums.map((values) => values[point] / all), none = 1 - first - second + common;
    return paper.map((value, i) => Math.round(none * value + (first - common) * blue[i] + (second - common) * orange[i] + common * dark[i]));
  });
  return "overlap";
}

function selectUnit(event, canvas, plan, layer) {
  const box = canvas.getBoundingClientRect(), zoom = canvas.width / box.width;
  const x = Math.floor((event.clientX - box.left) * zoom / (plan.width * plan.scale + plan.gap));
  const y = Math.floor((event.clientY - box.top) * zoom / (plan.height * plan.scale + plan.gap));
  state.unit = Math.min(layer.rows - 1, Math.max(0, y * plan.across + x));
  draw();
}

async function drawLooks(round) {
  const parent = at("maps"), names = [], paper = colour("--paper");
  for (const [i, ticket] of chosen().entries()) {
    const layer = ticket.layers[0];
    if (layer.looks === null) continue;
    const place = placeOf(ticket, round), bytes = await blob(layer.looks), [channels, height, width] = layer.image;
    const view = new DataView(bytes.buffer), size = width * height, ink = colour(i ? "--two" : "--one");
    const map = Array.from({ length: size }, (_, p) => view.getUint16(2 * (place * size + p), true));
    const most = Math.max(1, ...map), none = map.filter((count) => !count).length;
    const words = `at most ${most} of ${layer.shape[0] * channels} weights on one pixel; ${none} of ${size} pixels are read by no unit`;
    const plan = picture(width, height, 252);
    let canvas = fill(panel(parent, `look-${i}`, false), `${ticket.title}: all ${layer.shape[0]} units of ${layer.label}`, words,
      [`Kept weights on each pixel: ${words}.`, [i ? "--two" : "--one", `${most}`], ["--paper", "0"]]);
    paint(canvas, plan, (p) => between(paper, ink, map[p] / most));
    names.push(`look-${i}`);
    if (!exact(layer)) continue;
    const cells = await cellsOf(layer, place), unit = Math.min(state.unit, layer.rows - 1), own = new Float32Array(size);
    let kept = 0;
    for (let c = 0; c < layer.columns; c++) {
      own[c % size] += cells[unit * layer.columns + c] / channels;
      kept += cells[unit * layer.columns + c];
    }
    canvas = fill(panel(parent, `unit-${i}`, false), `${ticket.title}: unit ${unit + 1} of ${layer.rows}`, `${kept} of ${layer.columns} inputs kept`,
      [`${kept} of ${layer.columns} inputs kept.`]);
    paint(canvas, plan, (p) => between(paper, ink, own[p]));
    names.push(`unit-${i}`);
  }
  at("looks").hidden = !names.length;
  at("unit-choice").hidden = !names.some((name) => name.startsWith("unit"));
  unitSlider();
  hideFrom(parent, names);
}

/** Bring the slider of the unit that is drawn alone into agreement with the state. */
function unitSlider() {
  const units = Math.max(...chosen().map((ticket) => (ticket.layers[0].image ? ticket.layers[0].rows : 1)));
  at("unit").max = units;
  at("unit").value = Math.min(state.unit, units - 1) + 1;
  at("unit").setAttribute("aria-valuetext", `unit ${at("unit").value} of ${units}`);
  at("unit-number").textContent = `${at("unit").value} of ${units}`;
}

function drawTable(round) {
  const shown = chosen(), places = shown.map((ticket) => placeOf(ticket, round)), head = at("head"), body = at("layers");
  head.replaceChildren();
  body.replaceChildren();
  const row = element("tr", head);
  const titles = shown.length > 1 ? shown.flatMap((ticket) => [`${ticket.title}: kept`, "density"]) : ["kept", "density"];
  for (const text of ["layer", "weights", ...titles, ""]) element("th", row, text, { scope: "col" });
  const names = [...new Map(shown.flatMap((ticket) => ticket.layers.map((layer) => [layer.name + layer.shape, layer]))).values()];
  for (const layer of names) {
    const line = element("tr", body), bar = document.createElement("td");
    element("td", line, layer.label === layer.name ? layer.label : `${layer.label} (${layer.name})`);
    element("td", line, whole(product(layer.shape)));
    bar.className = "bar";
    shown.forEach((ticket, i) => {
      const own = ticket.layers.find((candidate) => alike(candidate, layer)), share = own ? own.kept[places[i]] / product(own.shape) : null;
      element("td", line, own ? whole(own.kept[places[i]]) : "-");
      element("td", line, own ? percent(share) : "-");
      if (own) element("i", bar, undefined, { style: `width: ${100 * share}%`, class: i ? "two" : "" });
    });
    line.append(bar);
  }
}

/** Histograms: the initial weights kept in the first round shown and of these the ones kept now; these after training. */
function drawWeights(round) {
  const parent = at("weights"), names = [];
  layersShown().forEach(([ticket, layer], i) => {
    const place = placeOf(ticket, round), weights = layer.weights, name = i ? "--two" : "--one";
    const kept = whole(layer.kept[place]), title = `${ticket.title}, round ${ticket.rounds[place]}, ${layer.label}`;
    const reach = (limit) => `From ${(-limit).toPrecision(3)} to ${limit.toPrecision(3)}`;
    const first = ["--gap", `kept in round ${ticket.rounds[0]} (${whole(layer.kept[0])}), pruned since`];
    histogram(fill(panel(parent, `initial-${i}`, false), `${title}: initial weights`, `histogram of ${kept} initial weights`,
      [`${reach(weights.limit)}.`, first, [name, `kept (${kept})`]]), [["--gap", weights.first], [name, weights.initial[place]]]);
    names.push(`initial-${i}`);
    if (!weights.trained[place]) return;
    histogram(fill(panel(parent, `trained-${i}`, false), `${title}: after training`, `histogram of ${kept} trained weights`,
      [`${reach(weights.reach)}; the outermost bars hold what lies beyond.`, [name, `kept (${kept})`]]), [[name, weights.trained[place]]]);
    names.push(`trained-${i}`);
  });
  at("untrained").hidden = names.some((name) => name.startsWith("trained"));
  hideFrom(parent, names);
}

/** Bars over each other, in a colour each; heights are square roots, so that few weights can be seen beside many. */
function histogram(canvas, series) {
  const zoom = Math.max(1, window.devicePixelRatio || 1), width = Math.min(440, roomFor(1)), most = Math.sqrt(Math.max(1, ...series.flatMap(([, counts]) => counts)));
  canvas.className = "fits";
  canvas.width = width * zoom;
  canvas.height = 180 * zoom;
  sized(canvas, width);
  const context = canvas.getContext("2d"), step = canvas.width / told.bins;
  for (const [name, counts] of series) {
    context.fillStyle = `rgb(${colour(name).join(",")})`;
    counts.forEach((count, bin) => {
      const height = Math.sqrt(count) / most * (canvas.height - 4);
      context.fillRect(bin * step + 0.5, canvas.height - height, step - 1, height);
    });
  }
}

let running = null, again = false;

/** Draw everything; calls while it draws make it draw once more. */
async function draw() {
  if (running) { again = true; return running; }
  running = (async () => {
    do {
      again = false;
      const rounds = allRounds(), round = rounds[Math.min(state.round, rounds.length - 1)];
      await drawMasks(round);
      await drawLooks(round);
      drawTable(round);
      drawWeights(round);
      const words = chosen().map((ticket) => told_of(ticket, placeOf(ticket, round)));
      at("number").textContent = `${round} of ${rounds[rounds.length - 1]}`;
      at("round").setAttribute("aria-valuetext", `round ${round}, ${words.join("; ")}`);
      at("now").textContent = words.join(" · ");
      document.body.dataset.drawn = `${state.one} ${state.two} ${state.layer} ${state.view} ${round}`;
    } while (again);
    running = null;
  })();
  return running;
}

function options(select, entries, chosenOne) {
  select.replaceChildren();
  for (const [value, text] of entries) element("option", select, text, { value });
  select.value = String(chosenOne);
}

/** Bring the controls into agreement with the state. */
function controls() {
  const one = told.tickets[state.one], others = told.tickets.map((ticket, i) => [i, ticket.title]).filter(([i]) => i !== state.one);
  if (state.two === state.one) state.two = -1;
  options(at("one"), told.tickets.map((ticket, i) => [i, ticket.title]), state.one);
  options(at("two"), [[-1, "nothing"], ...others], state.two);
  at("two").disabled = !others.length;
  state.layer = Math.min(state.layer, one.layers.length - 1);
  options(at("layer"), one.layers.map((layer, i) => [i, `${layer.label} (${layer.shape.join(" x ")})`]), state.layer);
  const views = viewsOf(one.layers[state.layer]);
  if (!views.some(([name]) => name === state.view)) state.view = views[0][0];
  options(at("view"), views, state.view);
  const rounds = allRounds();
  state.round = Math.min(state.round, rounds.length - 1);
  at("round").max = rounds.length - 1;
  at("round").value = state.round;
  draw();
}

function stop() {
  clearInterval(timer);
  timer = 0;
  at("play").textContent = "Play";
  at("play").setAttribute("aria-pressed", "false");
}

function play() {
  if (timer) return stop();
  const last = allRounds().length - 1;
  if (state.round >= last) state.round = -1;
  at("play").textContent = "Stop";
  at("play").setAttribute("aria-pressed", "true");
  timer = setInterval(() => {
    state.round++;
    at("round").value = state.round;
    draw();
    if (state.round >= last) stop();
  }, 500);
}

function begin() {
  if (typeof DecompressionStream === "undefined") {
    at("failed").textContent = "This browser is too old for the pictures of this page (it has no DecompressionStream).";
    at("failed").hidden = false;
    return;
  }
  for (const name of ["one", "two", "layer"])
    at(name).addEventListener("change", () => { state[name] = Number(at(name).value); state.view = name === "layer" ? "" : state.view; controls(); });
  at("view").addEventListener("change", () => { state.view = at("view").value; controls(); });
  at("round").addEventListener("input", () => { stop(); state.round = Number(at("round").value); draw(); });
  at("unit").addEventListener("input", () => { state.unit = Number(at("unit").value) - 1; draw(); });
  at("play").addEventListener("click", play);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const motion = () => { at("play").hidden = still.matches; if (still.matches) stop(); };
  still.addEventListener("change", motion);
  motion();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("resize", draw);
  at("app").hidden = false;
  controls();
}
begin();
