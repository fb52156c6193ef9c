// What all pages draw with: elements, numbers for people, colours, lines over time, the task stream, streams.
// Names of functions, hosts and files become text nodes or canvas text, never HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'style') Object.assign(element.style, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) if (child !== undefined && child !== null) element.append(child);
  return element;
}

// Three digits: what would be rounded up to four is of the next unit.
export function count(value) {
  if (!(Math.abs(value) >= 999.5)) return Number.isInteger(value) ? String(value) : (value || 0).toPrecision(3);
  const units = ['', 'k', 'M', 'G', 'T', 'P'];
  let at = 0;
  while (Math.abs(value) >= 999.5 && at + 1 < units.length) { value /= 1000; ++at; }
  return value.toPrecision(3) + ' ' + units[at];
}
export const bytes = (value) => (value >= 1000 ? count(value) : Math.round(value || 0) + ' ') + 'B';
export function seconds(value) {
  if (!(Math.abs(value) >= 1e-10)) return '0 s';
  if (value < 0) return '-' + seconds(-value);  // of a clock that is not ours
  for (const [unit, size] of [['d', 86400], ['h', 3600], ['min', 60]])
    if (value >= 2 * size) return (value < 999.5 * size ? (value / size).toPrecision(3) : Math.round(value / size)) + ' ' + unit;
  if (value >= 0.9995) return value.toPrecision(3) + ' s';
  if (value >= 0.9995e-3) return (value * 1e3).toPrecision(3) + ' ms';
  if (value >= 0.9995e-6) return (value * 1e6).toPrecision(3) + ' µs';
  return (value * 1e9).toPrecision(3) + ' ns';
}
export const percent = (share) => Math.round(100 * (share || 0)) + '%';

// Distinct also for those who do not see red and green apart (Okabe and Ito), then shades of them.
const hues = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#8c7ae6', '#b5a642',
  '#4c9f70', '#a05195', '#2f8f9d', '#c06c34'];
const known = new Map();  // who has which: two names share one only when there are no others left
export function colour(name) {
  if (known.has(name)) return hues[known.get(name)];
  let hash = 2166136261;
  for (let i = 0; i < name.length; ++i) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  const taken = new Set(known.values());
  let at = hash % hues.length;
  while (taken.has(at) && taken.size < hues.length) at = (at + 1) % hues.length;
  if (known.size < 10000) known.set(name, at);
  return hues[at];
}
export const activityColours = {
  'compute': '#009e73', 'overhead': '#b5a642', 'transfer': '#d55e00', 'memory': '#e69f00',
  'serialization': '#7a7f87', 'no parallelism': '#8c7ae6', 'assigning': '#cc79a7', 'unplaceable': '#b07d00', 'nothing to do': '#9db2c6'};

export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const widths = new Map();  // of canvases: asking for one lays out the whole page, which takes longer than drawing it

// A canvas as sharp as the screen; `height` in CSS pixels. Those of one label on a page are equally wide.
export function canvas(parent, height, label) {
  const element = make('canvas', {role: 'img', 'aria-label': label});
  parent.append(element);
  const place = `${location.hash} ${innerWidth} ${label}`;
  if (!widths.has(place) && element.clientWidth) widths.set(place, Math.max(50, element.clientWidth));
  const width = widths.get(place) || 300;
  const scale = globalThis.devicePixelRatio || 1;
  element.width = Math.round(width * scale);
  element.height = Math.round(height * scale);
  element.style.height = height + 'px';
  const context = element.getContext('2d');
  context.scale(scale, scale);
  context.font = '11px system-ui, sans-serif';
  return {element, context, width, height};
}

// Lets a stretch of a canvas be chosen: `value` is what stands at a place, `done` is told of both ends.
function brushed(parent, height, label, ends, done) {
  const box = make('div', {class: 'brush'}), drawn = canvas(done ? (parent.append(box), box) : parent, height, label);
  if (!done) return drawn;
  const mark = make('div', {class: 'mark'}), {element} = drawn;
  box.append(mark);
  let start = null;
  const clamp = (x) => Math.max(ends(drawn.width).left, Math.min(drawn.width, x));
  const value = (x) => {
    const {left, from, to} = ends(drawn.width);
    return from + (to - from) * (clamp(x) - left) / (drawn.width - left);
  };
  element.addEventListener('pointerdown', (event) => { start = event.offsetX; element.setPointerCapture(event.pointerId); });
  element.addEventListener('pointermove', (event) => {
    if (start === null) return;
    const [a, b] = [clamp(Math.min(start, event.offsetX)), clamp(Math.max(start, event.offsetX))];
    Object.assign(mark.style, {left: a + 'px', width: b - a + 'px'});
  });
  element.addEventListener('pointerup', (event) => {
    const [a, b] = [Math.min(start, event.offsetX), Math.max(start, event.offsetX)];
    if (start !== null && b - a > 4) done(value(a), value(b));
    start = null;
  });
  return drawn;
}

// Lines (or, stacked, areas) over time: `series` is [{name, colour, values}], `times` in seconds.
export function lines(parent, times, series, options = {}) {
  const left = 44, bottom = 16, top = 4;
  const {context, width, height} = brushed(parent, options.height || 110, options.label || 'over time',
    () => ({left, from: times[0] ?? 0, to: Math.max(times[times.length - 1] ?? 1, (times[0] ?? 0) + 1)}), options.onbrush);
  const stacked = options.stacked;
  const sums = times.map((_, i) => series.reduce((sum, one) => sum + (one.values[i] || 0), 0));
  const all = stacked ? sums : series.flatMap((one) => one.values);
  const most = Math.max(options.most || 0, ...all) || 1;
  const first = times[0] ?? 0, last = Math.max(times[times.length - 1] ?? 1, first + 1);
  const x = (time) => left + (width - left - 4) * (time - first) / (last - first);
  const y = (value) => top + (height - top - bottom) * (1 - value / most);
  context.fillStyle = style('--soft');
  context.strokeStyle = style('--line');
  for (const share of [0, 0.5, 1]) {
    context.beginPath();
    context.moveTo(left, y(share * most));
    context.lineTo(width, y(share * most));
    context.stroke();
    context.fillText((options.format || count)(share * most), 2, y(share * most) + (share === 1 ? 9 : 3));
  }
  context.fillText(seconds(first), left, height - 3);
  const end = seconds(last);
  context.fillText(end, width - context.measureText(end).width - 4, height - 3);
  const below = times.map(() => 0);
  for (const one of series) {
    context.strokeStyle = context.fillStyle = one.colour;
    context.beginPath();
    if (stacked) {
      times.forEach((time, i) => context.lineTo(x(time), y(below[i] + (one.values[i] || 0))));
      for (let i = times.length - 1; i >= 0; --i) context.lineTo(x(times[i]), y(below[i]));
      context.fill();
      times.forEach((_, i) => { below[i] += one.values[i] || 0; });
    } else {
      times.forEach((time, i) => context.lineTo(x(time), y(one.values[i] || 0)));
      context.stroke();
    }
  }
  parent.append(legend(series.map((one) => [one.name, one.colour])));
}

export function legend(entries) {
  return make('div', {class: 'legend'},
    entries.map(([name, hue]) => make('span', {}, make('i', {style: {background: hue}}), name)));
}

// One bar of shares: [[name, value, colour], ...].
export function shares(parts, total) {
  const sum = total || parts.reduce((all, part) => all + part[1], 0) || 1;
  return make('div', {}, make('div', {class: 'bar'}, parts.filter((part) => part[1] > 0).map(([name, value, hue]) =>
    make('div', {style: {width: 100 * value / sum + '%', background: hue}, title: name + ' ' + percent(value / sum)}))),
  legend(parts.filter((part) => part[1] / sum >= 0.005).map(([name, value, hue]) =>
    [name + ' ' + percent(value / sum), hue])));
}

export function table(columns, rows, options = {}) {
  const head = make('tr', {}, columns.map((column, i) =>
    make('th', {class: column.text ? 'text' : false, title: column.title},
      options.onsort ? make('button', {type: 'button', class: 'sort', onclick: () => options.onsort(i)}, column.name) : column.name)));
  return make('div', {class: 'scroll'}, make('table', {}, make('thead', {}, head), make('tbody', {},
    rows.map((row) => make('tr', {class: row.kind || false}, row.cells.map((cell, i) =>
      make('td', {class: columns[i].text ? 'text' : false}, cell)))))));
}

const waitColours = ['', activityColours.transfer, activityColours.memory, activityColours.serialization];  // by kind of a block

// The task stream: a row per thread, blocks in their function's colour, paler the less of them was busy; what has failed
// is a black stroke as high as its share.
export function taskStream(parent, data, onhover, onbrush) {
  const high = Math.max(4, Math.min(18, Math.floor(480 / Math.max(1, data.rows.length))));
  const left = high >= 10 ? 110 : 4, bottom = 18;  // names of lower rows are not written, but said
  const {element, context, width, height} =
    brushed(parent, Math.max(60, high * data.rows.length + bottom), 'task stream: a row per thread',
      () => ({left, from: data.from_us / 1e6, to: data.to_us / 1e6}), onbrush);
  const range = Math.max(1, data.to_us - data.from_us);
  const x = (time) => left + (width - left) * (time - data.from_us) / range;
  context.fillStyle = style('--soft');
  if (high >= 10)
    data.rows.forEach((name, i) => context.fillText(name.slice(0, 18), 2, high * i + high - 4));
  const boxes = [];
  for (const [row, start, length, busy, tasks, at, kind, failed] of data.blocks) {
    const begin = Math.max(left, x(start)), end = Math.min(width, x(start + length)), wide = Math.max(1, end - begin);
    const y = high * (row - data.first_row);
    context.fillStyle = kind ? waitColours[kind] : colour(data.functions[at] || '');
    context.globalAlpha = kind || tasks === 0 ? 0.7 : 0.25 + 0.75 * Math.min(1, length ? busy / length : 1);
    context.fillRect(begin, y + 1, wide, high - 2);
    if (failed) {
      const stroke = Math.max(2, (high - 2) * Math.min(1, failed / Math.max(1, tasks)));
      context.globalAlpha = 1;
      context.fillStyle = style('--ink');
      context.fillRect(begin, y + high - 1 - stroke, wide, stroke);
    }
    const name = `${data.rows[row - data.first_row] ?? ''}, ${data.functions[at]}: `;
    boxes.push([begin, end, y, name + (kind ? seconds(length / 1e6) :
      (tasks === 0 ? 'running' : count(tasks) + ' tasks') + (failed ? `, ${count(failed)} failed` : '') + `, ${seconds(busy / 1e6)} busy`)]);
  }
  context.globalAlpha = 1;
  context.fillStyle = style('--soft');
  for (let i = 0; i <= 4; ++i) {
    const time = data.from_us + range * i / 4;
    const text = seconds(Math.max(0, time / 1e6));
    const wide = context.measureText(text).width;
    context.fillText(text, Math.min(width - wide, Math.max(left, x(time) - wide / 2)), height - 4);
  }
  element.addEventListener('mousemove', (event) => {
    const box = boxes.findLast(([begin, end, y]) => event.offsetX >= begin && event.offsetX <= Math.max(end, begin + 2) &&
      event.offsetY >= y && event.offsetY < y + high);
    onhover(box ? box[3] : '');
  });
  const kinds = new Map(data.blocks.map((block) => [block[5], block[6] || 0]));
  parent.append(legend([...data.functions.slice(0, 24).map((name, at) => [name, kinds.get(at) ? waitColours[kinds.get(at)] : colour(name)]),
    ...data.blocks.some((block) => block[7]) ? [['failed', style('--ink')]] : []]));
}

// Idle blue, busy red, blocked dark: mixed by their shares, as in Flink.
export function mixed(busy, blocked) {
  const parts = [[79, 143, 217, Math.max(0, 1 - busy - blocked)], [209, 73, 91, busy], [74, 78, 87, blocked]];
  const sum = parts.reduce((all, part) => all + part[3], 0) || 1;
  return 'rgb(' + [0, 1, 2].map((i) => Math.round(parts.reduce((all, part) => all + part[i] * part[3] / sum, 0))) + ')';
}

// A stream: a box per node, below those that feed it.
export function streamGraph(parent, stream) {
  const nodes = stream.nodes;
  const depth = nodes.map(() => 0);
  for (let round = 0; round < Math.min(nodes.length, 64); ++round)
    nodes.forEach((node, i) => node.below.forEach((to) => {
      if (depth[to] <= depth[i] && depth[i] + 1 < nodes.length) depth[to] = depth[i] + 1;
    }));
  const levels = [];
  nodes.forEach((_, i) => (levels[depth[i]] = levels[depth[i]] || []).push(i));
  const ranks = levels.filter(Boolean);
  const boxHigh = 58, gap = 26;
  const {context, width} = canvas(parent, ranks.length * (boxHigh + gap), 'stream: a box per operator');
  const place = [];
  ranks.forEach((level, rank) => level.forEach((i, at) => {
    const wide = Math.min(290, (width - 8) / level.length - 10);
    const middle = width * (at + 0.5) / level.length;
    place[i] = {x: middle - wide / 2, y: rank * (boxHigh + gap) + 4, wide};
  }));
  context.strokeStyle = style('--soft');
  nodes.forEach((node, i) => node.below.forEach((to) => {
    context.beginPath();
    context.moveTo(place[i].x + place[i].wide / 2, place[i].y + boxHigh);
    context.lineTo(place[to].x + place[to].wide / 2, place[to].y);
    context.stroke();
  }));
  nodes.forEach((node, i) => {
    const {x, y, wide} = place[i];
    context.fillStyle = mixed(node.busy, node.blocked);
    context.fillRect(x, y, wide, boxHigh);
    if (i === stream.culprit) {
      context.lineWidth = 3;
      context.strokeStyle = style('--warn');
      context.strokeRect(x - 1, y - 1, wide + 2, boxHigh + 2);
      context.lineWidth = 1;
    }
    context.save();
    context.beginPath();
    context.rect(x, y, wide - 4, boxHigh);
    context.clip();
    context.fillStyle = '#ffffff';
    context.font = 'bold 12px system-ui, sans-serif';
    context.fillText(node.label, x + 8, y + 16);
    context.font = '11px system-ui, sans-serif';
    context.fillText(`in ${count(node.in)}  out ${count(node.out)}  ${count(node.per_s)}/s` +
      (node.queued ? `  queued ${count(node.queued)}` : '') + (node.errors ? `  errors ${count(node.errors)}` : ''),
    x + 8, y + 32);
    context.fillText(node.ended ? 'ended' : `busy ${percent(node.busy)}  blocked ${percent(node.blocked)}  idle ` +
      percent(1 - node.busy - node.blocked), x + 8, y + 48);
    context.restore();
  });
  parent.append(legend([['idle', mixed(0, 0)], ['busy', mixed(1, 0)], ['blocked: waits for what is below', mixed(0, 1)]]));
}

export const stateColours = {released: '#cfd8df', waiting: '#9db2c6', queued: '#8c7ae6', no_worker: '#b07d00', processing: '#009e73',
  memory: '#0072b2', erred: '#d1495b', forgotten: '#cfd8df'};

// How many steps each of `size` nodes is from one that nothing leads to; arrows are [from, to].
function depths(size, arrows) {
  const depth = Array(size).fill(0);
  for (let round = 0, changed = true; changed && round < 64; ++round) {
    changed = false;
    for (const [from, to] of arrows)
      if (from !== to && depth[to] <= depth[from] && depth[from] + 1 < size) { depth[to] = depth[from] + 1; changed = true; }
  }
  return depth;
}

// Functions as boxes in columns, with arrows to those that need them.
export function functionGraph(parent, seen) {
  const depth = depths(seen.functions.length, seen.arrows), columns = [];
  seen.functions.forEach((_, i) => (columns[depth[i]] = columns[depth[i]] || []).push(i));
  const shown = columns.filter(Boolean), rows = Math.max(...shown.map((column) => column.length));
  const high = 40, {context, width} = canvas(parent, Math.min(480, rows * (high + 12)) + 8, 'functions and who needs whom');
  const wide = Math.min(230, width / shown.length - 34), place = [];
  shown.forEach((column, x) => column.forEach((i, y) => {
    place[i] = {x: x * (width / shown.length) + 4, y: 4 + y * (high + 12)};
  }));
  const tasks = seen.functions.map(() => ({}));
  for (const [at, state] of seen.tasks) tasks[at][state] = (tasks[at][state] || 0) + 1;
  context.strokeStyle = style('--soft');
  for (const [from, to, number] of seen.arrows) {
    const a = place[from], b = place[to];
    context.lineWidth = Math.min(5, 1 + Math.log10(number));
    context.beginPath();
    if (from === to) context.ellipse(a.x + wide / 2, a.y + high, 14, 7, 0, 0, Math.PI);
    else {
      context.moveTo(a.x + wide, a.y + high / 2);
      context.bezierCurveTo(a.x + wide + 20, a.y + high / 2, b.x - 20, b.y + high / 2, b.x, b.y + high / 2);
    }
    context.stroke();
    if (from === to) continue;
    context.fillStyle = style('--soft');
    context.beginPath();
    context.moveTo(b.x, b.y + high / 2);
    context.lineTo(b.x - 8, b.y + high / 2 - 5);
    context.lineTo(b.x - 8, b.y + high / 2 + 5);
    context.fill();
  }
  context.lineWidth = 1;
  seen.functions.forEach((name, i) => {
    const {x, y} = place[i], all = Object.values(tasks[i]).reduce((sum, one) => sum + one, 0);
    let left = x;
    for (const [state, number] of Object.entries(tasks[i])) {
      context.fillStyle = stateColours[state];
      context.fillRect(left, y + high - 8, wide * number / all, 8);
      left += wide * number / all;
    }
    context.strokeRect(x, y, wide, high);
    context.save();
    context.beginPath();
    context.rect(x, y, wide - 4, high);
    context.clip();
    context.fillStyle = style('--ink');
    context.fillText(name, x + 6, y + 13);
    context.fillStyle = style('--soft');
    context.fillText(Object.entries(tasks[i]).map(([state, number]) => `${count(number)} ${state}`).join(', '), x + 6, y + 27);
    context.restore();
  });
}

// Tasks as squares in the colours of their states, behind those they need.
export function taskGraph(parent, seen, onhover) {
  const edges = seen.tasks.flatMap(([, , , inputs], to) => inputs.map((from) => [from, to]));
  const depth = depths(seen.tasks.length, edges), columns = [];
  seen.tasks.forEach((_, i) => (columns[depth[i]] = columns[depth[i]] || []).push(i));
  const shown = columns.filter(Boolean);
  const height = Math.max(40, Math.min(360, 16 * Math.max(...shown.map((column) => column.length)) + 8));
  const {element, context, width} = canvas(parent, height, 'tasks and what they need');
  const place = [], boxes = [];
  shown.forEach((column, x) => {
    const wide = Math.max(2, width / shown.length - 16);
    const size = Math.max(3, Math.min(16, Math.floor(Math.sqrt(wide * (height - 8) / column.length))));
    const below = Math.max(1, Math.floor((height - 8) / size));
    column.forEach((i, k) => {
      place[i] = {x: x * width / shown.length + 8 + size * Math.floor(k / below), y: 4 + size * (k % below), size};
    });
  });
  context.strokeStyle = style('--line');
  for (const [from, to] of edges.slice(0, 3000)) {
    context.beginPath();
    context.moveTo(place[from].x + place[from].size, place[from].y + place[from].size / 2);
    context.lineTo(place[to].x, place[to].y + place[to].size / 2);
    context.stroke();
  }
  seen.tasks.forEach(([at, state, worker, inputs, id], i) => {
    const {x, y, size} = place[i];
    context.fillStyle = stateColours[state] || '#cfd8df';
    context.fillRect(x, y, size - 1, size - 1);
    boxes.push([x, y, size, `${seen.functions[at]}: ${state}` + (worker ? ` at worker ${worker}` : '') +
      (inputs.length ? `, needs ${inputs.length} of those shown` : ''), id]);
  });
  const at = (event) => boxes.findLast(([x, y, size]) =>
    event.offsetX >= x && event.offsetX < x + size && event.offsetY >= y && event.offsetY < y + size);
  element.addEventListener('mousemove', (event) => onhover(at(event)?.[3] || ''));
  element.addEventListener('click', (event) => { const id = at(event)?.[4]; if (id) location.hash = 'task/' + id; });
}

// Who sends how much to whom: a square each, darker for more, on a scale of powers.
export function matrix(parent, seen, onhover) {
  const size = seen.workers.length, left = 120, top = 8;
  const cell = Math.max(8, Math.min(28, Math.floor((Math.max(300, parent.clientWidth) - left - 20) / size)));
  const {element, context} = canvas(parent, top + cell * size + 8, 'bytes from worker to worker');
  const most = Math.max(1, ...seen.links.map((link) => link[2])), boxes = [];
  context.fillStyle = style('--soft');
  if (cell >= 11) seen.workers.forEach((name, i) => context.fillText(name.slice(0, 20), 2, top + cell * i + cell / 2 + 4));
  context.strokeStyle = style('--line');
  context.strokeRect(left, top, cell * size, cell * size);
  for (const [from, to, amount, results] of seen.links) {
    context.fillStyle = '#0072b2';
    context.globalAlpha = 0.15 + 0.85 * Math.log1p(amount) / Math.log1p(most);
    context.fillRect(left + cell * to, top + cell * from, cell - 1, cell - 1);
    boxes.push([left + cell * to, top + cell * from, `${seen.workers[from]} to ${seen.workers[to]}: ${bytes(amount)} in ${count(results)} results`]);
  }
  context.globalAlpha = 1;
  element.addEventListener('mousemove', (event) => {
    const box = boxes.find(([x, y]) => event.offsetX >= x && event.offsetX < x + cell && event.offsetY >= y && event.offsetY < y + cell);
    onhover(box ? box[2] : '');
  });
}

// A profile: a row for each depth, callers above those they call, as wide as their share of the time.
export function flameGraph(parent, tree, onhover) {
  const high = 17, boxes = [];
  const deep = ([, , below]) => 1 + Math.max(0, ...below.map(deep));
  const {element, context, width} = canvas(parent, high * Math.min(50, deep(tree)), 'functions by processor time');
  const scale = width / Math.max(1, tree[1]);
  const draw = ([name, samples, below], left, row) => {
    context.fillStyle = row ? colour(name) : '#9db2c6';
    context.fillRect(left, row * high, Math.max(0.5, samples * scale - 1), high - 1);
    boxes.push([left, row * high, samples * scale, `${name || 'all'}: ${percent(samples / tree[1])} (${count(samples)} samples)`]);
    if (samples * scale > 40) {
      context.save();
      context.beginPath();
      context.rect(left, row * high, samples * scale - 4, high);
      context.clip();
      context.fillStyle = '#ffffff';
      context.fillText(name || 'all', left + 4, row * high + 12);
      context.restore();
    }
    for (const one of [...below].sort((a, b) => b[1] - a[1])) {
      if (one[1] * scale >= 0.5 && row < 49) draw(one, left, row + 1);
      left += one[1] * scale;
    }
  };
  draw(tree, 0, 0);
  element.addEventListener('mousemove', (event) => {
    const box = boxes.find(([x, y, wide]) => event.offsetX >= x && event.offsetX < x + wide && event.offsetY >= y && event.offsetY < y + high);
    onhover(box ? box[3] : '');
  });
}
