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

export function count(value) {
  if (!(Math.abs(value) >= 1000)) return Number.isInteger(value) ? String(value) : (value || 0).toPrecision(3);
  const units = ['', 'k', 'M', 'G', 'T', 'P'];
  let at = 0;
  while (Math.abs(value) >= 1000 && at + 1 < units.length) { value /= 1000; ++at; }
  return value.toPrecision(3) + ' ' + units[at];
}
export const bytes = (value) => (value >= 1000 ? count(value) : Math.round(value || 0) + ' ') + 'B';
export function seconds(value) {
  if (!value) return '0 s';
  for (const [unit, size] of [['d', 86400], ['h', 3600], ['min', 60]])
    if (value >= 2 * size) return (value / size).toPrecision(3) + ' ' + unit;
  if (value >= 1) return value.toPrecision(3) + ' s';
  if (value >= 1e-3) return (value * 1e3).toPrecision(3) + ' ms';
  if (value >= 1e-6) return (value * 1e6).toPrecision(3) + ' µs';
  return (value * 1e9).toPrecision(3) + ' ns';
}
export const percent = (share) => Math.round(100 * (share || 0)) + '%';

// Distinct also for those who do not see red and green apart (Okabe and Ito), then shades of them.
const hues = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#8c7ae6', '#b5a642',
  '#4c9f70', '#a05195', '#2f8f9d', '#c06c34'];
export function colour(name) {
  let hash = 2166136261;
  for (let i = 0; i < name.length; ++i) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  return hues[hash % hues.length];
}
export const activityColours = {
  'compute': '#009e73', 'overhead': '#b5a642', 'transfer': '#d55e00', 'memory': '#e69f00',
  'no parallelism': '#8c7ae6', 'assigning': '#cc79a7', 'unplaceable': '#111111', 'nothing to do': '#9db2c6'};

export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A canvas as sharp as the screen; `height` in CSS pixels.
export function canvas(parent, height, label) {
  const element = make('canvas', {role: 'img', 'aria-label': label});
  parent.append(element);
  const width = Math.max(50, element.clientWidth || parent.clientWidth || 300);
  const scale = globalThis.devicePixelRatio || 1;
  element.width = Math.round(width * scale);
  element.height = Math.round(height * scale);
  element.style.height = height + 'px';
  const context = element.getContext('2d');
  context.scale(scale, scale);
  context.font = '11px system-ui, sans-serif';
  return {element, context, width, height};
}

// Lines (or, stacked, areas) over time: `series` is [{name, colour, values}], `times` in seconds.
export function lines(parent, times, series, options = {}) {
  const {context, width, height} = canvas(parent, options.height || 110, options.label || 'over time');
  const left = 44, bottom = 16, top = 4;
  const stacked = options.stacked;
  const sums = times.map((_, i) => series.reduce((sum, one) => sum + (one.values[i] || 0), 0));
  const all = stacked ? sums : series.flatMap((one) => one.values);
  const most = Math.max(options.most || 0, ...all, 1e-9);
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
    make('th', {class: column.text ? 'text' : false, title: column.title,
      onclick: () => options.onsort && options.onsort(i)}, column.name)));
  return make('div', {class: 'scroll'}, make('table', {}, make('thead', {}, head), make('tbody', {},
    rows.map((row) => make('tr', {class: row.kind || false}, row.cells.map((cell, i) =>
      make('td', {class: columns[i].text ? 'text' : false}, cell)))))));
}

// The task stream: a row per thread, blocks in their function's colour, paler the less of them was busy.
export function taskStream(parent, data, onhover) {
  const high = Math.max(4, Math.min(18, Math.floor(480 / Math.max(1, data.rows.length))));
  const left = 110, bottom = 18;
  const {element, context, width, height} =
    canvas(parent, Math.max(60, high * data.rows.length + bottom), 'task stream: a row per thread');
  const range = Math.max(1, data.to_us - data.from_us);
  const x = (time) => left + (width - left) * (time - data.from_us) / range;
  context.fillStyle = style('--soft');
  if (high >= 10)
    data.rows.forEach((name, i) => context.fillText(name.slice(0, 18), 2, high * i + high - 4));
  const boxes = [];
  for (const [row, start, length, busy, tasks, at] of data.blocks) {
    const begin = Math.max(left, x(start)), end = Math.min(width, x(start + length));
    const y = high * (row - data.first_row);
    context.fillStyle = colour(data.functions[at] || '');
    context.globalAlpha = tasks === 0 ? 0.7 : 0.25 + 0.75 * Math.min(1, length ? busy / length : 1);
    context.fillRect(begin, y + 1, Math.max(1, end - begin), high - 2);
    boxes.push([begin, end, y, at, busy, tasks]);
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
    onhover(box ? `${data.functions[box[3]]}: ${box[5] === 0 ? 'running' : count(box[5]) + ' tasks'}, ` +
      `${seconds(box[4] / 1e6)} busy` : '');
  });
  parent.append(legend(data.functions.slice(0, 24).map((name) => [name, colour(name)])));
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
