// The pages: each is a function of the picture, the history and, where it needs it, the task stream.
import {activityColours, bytes, colour, count, flameGraph, functionGraph, legend, lines, make, matrix, percent, seconds, shares, stateColours, streamGraph, table, taskGraph, taskStream} from './draw.js';

const card = (title, ...children) => make('section', {class: 'card'}, make('h2', {}, title), children);
const numbers = (entries) => make('dl', {class: 'numbers'}, entries.map(([name, value]) =>
  make('div', {}, make('dt', {}, name), make('dd', {}, value))));

function column(history, name) {
  const at = history.columns.indexOf(name);
  return history.rows.map((row) => row[at] || 0);
}
const times = (history) => history.rows.map((row) => row[0]);
const pending = (tasks) => tasks.waiting + tasks.queued + tasks.no_worker + tasks.processing;

function activityBar(activity) {
  return shares(Object.entries(activityColours).map(([name, hue]) => [name, activity[name] || 0, hue]));
}

function activityOverTime(parent, history) {
  const names = {compute: 'busy', overhead: 'overhead', transfer: 'fetching', memory: 'no_memory', serialization: 'serializing',
    'no parallelism': 'no_parallelism', assigning: 'assigning', unplaceable: 'unplaceable', 'nothing to do': 'nothing_to_do'};
  lines(parent, times(history), Object.entries(names).map(([name, key]) =>
    ({name, colour: activityColours[name], values: column(history, key)})),
  {stacked: true, height: 130, label: 'threads by activity over time'});
}

// Of results: above 60% of the limit some may go to disk, near it a worker starts nothing.
const memoryHue = (managed, limit, stopped) => (stopped ? '#d1495b' : managed > 0.6 * (limit || Infinity) ? '#e69f00' : '#0072b2');
const otherHue = '#9db2c6', diskHue = '#7a7f87';
const unmanaged = (resident, managed) => Math.max(0, resident - managed);

function memoryBar(cluster) {
  const other = unmanaged(cluster.resident_bytes, cluster.managed_bytes);
  const free = Math.max(0, cluster.memory_limit - cluster.managed_bytes - other);
  return make('div', {}, shares([['results in memory', cluster.managed_bytes,
    memoryHue(cluster.managed_bytes, cluster.memory_limit, cluster.paused)], ['other memory of processes', other, otherHue],
  ['results on disk', cluster.spilled_bytes, diskHue], ['free', free, 'var(--line)']]),
  make('p', {class: 'note'}, `${bytes(cluster.managed_bytes)} of ${bytes(cluster.memory_limit)} for results; ` +
    `${bytes(cluster.spilled_bytes)} on disk; processes have ${bytes(cluster.resident_bytes)}` +
    (cluster.paused ? `; ${cluster.paused} workers wait for memory` : '')));
}

const choice = (text, pressed, onclick) => make('button', {type: 'button', class: 'choice', 'aria-pressed': String(pressed), onclick}, text);
const workerLink = (peer, name) => make('a', {href: '#worker/' + peer}, name);

// A bar for each worker; of many workers how many have how much.
function barsOfWorkers({picture, view}) {
  const {bars} = picture;
  const kinds = {memory: bytes, processing: count, cpu: count, transfer: (value) => bytes(value) + '/s'};
  const box = card(`Workers: ${view.bars}`, make('p', {}, Object.keys(kinds).map((kind) =>
    choice(kind, kind === view.bars, () => view.set('bars', kind)))));
  if (!bars) return box;
  const show = kinds[view.bars];
  if (!bars.rows) {
    const {most, bins} = bars[view.bars];
    box.append(make('div', {class: 'bar', style: {height: '50px', background: 'none', alignItems: 'flex-end', gap: '2px'}},
      bins.map((value, i) => make('div', {title: `${show(most * i / 20)} to ${show(most * (i + 1) / 20)}: ${value} workers`,
        style: {flex: 1, background: '#0072b2', height: Math.max(value ? 8 : 1, 100 * value / Math.max(1, ...bins)) + '%'}}))),
    make('p', {class: 'note'}, `how many workers have how much, from 0 to ${show(most)}`));
    return box;
  }
  const parts = {
    memory: ([, , managed, resident, spilled, limit, state]) => [['results', managed, memoryHue(managed, limit, state)],
      ['other', unmanaged(resident, managed), otherHue], ['on disk', spilled, diskHue]],
    processing: (row) => [['tasks', row[7], '#009e73']], cpu: (row) => [['cores', row[8], '#009e73']],
    transfer: (row) => [['in and out', row[9], activityColours.transfer]]}[view.bars];
  const sums = bars.rows.map((row) => parts(row).reduce((sum, part) => sum + part[1], 0)), most = Math.max(1e-9, ...sums);
  const high = bars.rows.length > 20 ? Math.ceil(bars.rows.length / 3) : bars.rows.length;  // in up to three columns
  const each = bars.rows.map((row, i) => [workerLink(row[0], row[1]),
    make('div', {class: 'bar'}, parts(row).map(([name, value, hue]) => make('div', {title: `${name} ${show(value)}`,
      style: {width: 100 * value / most + '%', background: hue}}))), make('span', {class: 'note'}, show(sums[i]))]);
  box.append(make('div', {class: 'grid'}, [0, 1, 2].filter((i) => i * high < each.length).map((i) =>
    make('div', {class: 'bars'}, each.slice(i * high, (i + 1) * high)))));
  if (view.bars === 'memory') box.append(legend([['results, in memory', '#0072b2'], ['some may go to disk', '#e69f00'],
    ['waits for memory, or leaves', '#d1495b'], ['other memory of the process', otherHue], ['results on disk', diskHue]]));
  return box;
}

function progressOf(functions) {
  return functions.slice(0, 12).map((one) => make('div', {class: 'progress'},
    make('b', {}, one.name), make('span', {}, `${count(one.count)} of ${count(one.submitted)}` +
      (one.failed ? `, ${count(one.failed)} failed` : '')),
    make('div', {class: 'bar'}, make('div', {style: {width: 100 * Math.min(1, one.count / Math.max(1, one.submitted)) + '%',
      background: colour(one.name)}}))));
}

function status(page, {picture, history, stream, view}) {
  const {cluster, tasks} = picture;
  const grid = make('div', {class: 'grid'});
  const rate = column(history, 'tasks_per_s');
  grid.append(
    card('Cluster', numbers([['workers', count(cluster.workers)], ['threads', count(cluster.threads)],
      ['busy threads', count(Number(cluster.busy.toPrecision(3)))], ['tasks/s', count(Math.round(rate[rate.length - 1] || 0))],
      ['pending', count(pending(tasks))], ['failed', count(picture.failures_total)], ['workers lost', count(cluster.lost)]])),
    card('Time of threads, since the beginning', activityBar(picture.activity)),
    card('Memory for results', memoryBar(cluster)),
    card('Progress', progressOf(picture.functions)));
  page.append(grid, make('div', {style: {height: '12px'}}), barsOfWorkers({picture, view}));
  if (stream && stream.blocks.length) {
    const box = card('Task stream, the last minute');
    page.append(box);
    taskStream(box, stream, (text) => { box.title = text; });
  }
  for (const one of picture.streams) {
    const box = card(one.verdict.sentence);
    page.append(box);
    streamGraph(box, one);
  }
  const work = card('Threads by activity'), speed = card('Tasks a second');
  page.append(make('div', {class: 'grid'}, work, speed));
  activityOverTime(work, history);
  lines(speed, times(history), [{name: 'tasks/s', colour: '#0072b2', values: rate}]);
}

// Which part of the task stream is shown; a report has one.
function tileButtons({stream, view, live}) {
  if (!live) return null;
  const button = (text, pressed, range, row) => make('button', {type: 'button', 'aria-pressed': String(pressed), class: 'choice',
    onclick: () => view.setTile(range, row)}, text);
  const rows = stream ? stream.rows_total : 0, shown = 64;
  return make('p', {}, [['1 min', 60], ['5 min', 300], ['1 h', 3600], ['all', 1e9]].map(([text, range]) =>
    button(text, !view.range && range === view.seconds, range, view.firstRow)),
  view.firstRow > 0 ? button(`threads before ${view.firstRow + 1}`, false, view.seconds, Math.max(0, view.firstRow - shown)) : null,
  view.firstRow + shown < rows ? button(`threads from ${view.firstRow + shown + 1} of ${rows}`, false, view.seconds,
    view.firstRow + shown) : null);
}

function tasks(page, {picture, stream, slowest, view, live}) {
  page.append(card('Tasks by state', numbers(Object.keys(stateColours).map((name) => [name.replace('_', ' '), count(picture.tasks[name] || 0)]))));
  runningTasks(page, picture, live);
  const box = card('Task stream: a row per thread; a block is paler the less of its time was busy', tileButtons({stream, view, live}));
  page.append(box);
  if (!stream || !stream.blocks.length) box.append(make('p', {class: 'note'}, 'no task has run in this time'));
  else {
    const hint = 'point at a block; draw across a stretch of time to see what was done in it';
    const said = make('p', {class: 'note'}, hint);
    taskStream(box, stream, (text) => { said.textContent = text || hint; }, (from, to) => view.set('brush', [from, to]));
    box.append(said);
    if (view.brush) stretch(page, {stream, view, live});
  }
  slowTasks(page, slowest);
}

const storyOf = (story) => story.map((line) => make('div', {class: 'note'}, line));

// Single tasks: those that have run for longest, and still do; in a report of a program that was killed, did then.
function runningTasks(page, {running}, live) {
  if (!running?.length) return;
  const first = 5, list = (some) => table([{name: 'task', text: true}, {name: 'function', text: true}, {name: 'worker', text: true}, {name: 'began'},
    {name: 'has run'}], some.map((one) => ({cells: [live ? taskLink(one.id, one.name) : one.name, one.function,
    live ? workerLink(one.peer, one.worker) : one.worker, seconds(one.start_s), seconds(one.length_s)]})));
  page.append(card(live ? 'What runs longest now' : 'What ran longest when the record was written', list(running.slice(0, first)),
    running.length > first ? make('details', {}, make('summary', {}, 'more of them'), list(running.slice(first))) : null));
}

// Single tasks: those that took longest, and in a report what they went through.
function slowTasks(page, slowest) {
  if (!slowest?.length) return;
  page.append(card('The tasks that took longest', table([{name: 'task', text: true}, {name: 'function', text: true}, {name: 'worker', text: true},
    {name: 'began'}, {name: 'took'}, {name: '', text: true}], slowest.map((one) => ({cells: [taskLink(one.id, one.name), one.function, one.worker,
    seconds(one.start_s), seconds(one.length_s), one.failed ? 'failed' : '']})))));
}

// One task as a report has it: of those that took longest or failed.
function taskOfReport(page, {picture, slowest, view}) {
  const slow = (slowest || []).find((one) => one.id === view.id), failed = picture.failures.find((one) => one.id === view.id);
  if (!slow && !failed)
    return page.append(card('Task', make('p', {class: 'note'}, 'a report has the tasks that took longest or failed, and this is none of them')));
  page.append(card((slow || failed).name ?? failed.task, numbers([['worker', (slow || failed).worker], ...slow ? [['function', slow.function],
    ['began', seconds(slow.start_s)], ['took', seconds(slow.length_s)]] : [], ...failed ? [['failed', seconds(failed.time_s)]] : []])));
  if (failed) page.append(card(failed.type, make('p', {}, failed.message)));
  const story = slow?.story?.length ? slow.story : failed?.story || [];
  page.append(card('What it went through', story.length ? storyOf(story) : make('p', {class: 'note'}, 'that was not remembered any more')));
}

// What the threads that are shown did in a stretch of time; blocks that reach out of it count by their share.
function stretch(page, {stream, view, live}) {
  const [from, to] = view.brush, sums = new Map(), all = (to - from) * Math.max(1, stream.rows.length);
  for (const [, start, length, busy, tasks, at, kind, failed] of stream.blocks) {
    const inside = Math.min(start + length, 1e6 * to) - Math.max(start, 1e6 * from);
    if (inside <= 0 && !(length === 0 && inside === 0)) continue;
    const share = length ? inside / length : 1, name = stream.functions[at];
    const sum = sums.get(name) || [0, 0, 0];
    sums.set(name, [sum[0] + share * (kind ? length : busy) / 1e6, sum[1] + share * tasks, sum[2] + share * (failed || 0)]);
  }
  page.append(card(`From ${seconds(from)} to ${seconds(to)}`, make('p', {},
    live ? choice('show it alone', false, () => view.setRange([from, to])) : null, choice('forget it', false, () => view.set('brush', null))),
  table([{name: 'function', text: true}, {name: 'seconds'}, {name: 'share'}, {name: 'tasks'}, {name: 'failed'}],
    [...sums].sort((a, b) => b[1][0] - a[1][0]).map(([name, [time, tasks, failed]]) => ({cells: [name, seconds(time),
      percent(time / all), count(Math.round(tasks)), count(Math.round(failed))]})))));
}

const workerColumns = [{name: 'worker', text: true, of: (w) => w.name, show: (v, w) => (w.peer === undefined ? v : workerLink(w.peer, v))}, {name: 'host', text: true, of: (w) => w.host},
  {name: 'threads', of: (w) => w.threads}, {name: 'busy', of: (w) => w.busy, show: (v, w) => percent(v / (w.threads || 1))},
  {name: 'cpu', of: (w) => w.cpu, show: (v) => percent(v)}, {name: 'tasks/s', of: (w) => w.per_s, show: count},
  {name: 'done', of: (w) => w.count, show: count}, {name: 'processing', of: (w) => w.processing, show: count},
  {name: 'results', of: (w) => w.managed_bytes, show: bytes}, {name: 'limit', of: (w) => w.memory_limit, show: bytes},
  {name: 'on disk', of: (w) => w.spilled_bytes, show: bytes}, {name: 'resident', of: (w) => w.resident_bytes, show: bytes},
  {name: 'other', title: 'memory that is not of results', of: (w) => unmanaged(w.resident_bytes, w.managed_bytes), show: bytes},
  {name: 'files', of: (w) => w.descriptors}, {name: 'in', of: (w) => w.received_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'out', of: (w) => w.sent_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'disk read', of: (w) => w.read_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'written', of: (w) => w.written_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'state', text: true, of: (w) => w.gone ? 'gone' : w.paused ? 'waits for memory' : w.retiring ? 'retiring' : ''}];

function workers(page, {picture, view}) {
  const {cluster} = picture;
  const bins = card('Workers by how busy they are');
  page.append(bins);
  bins.append(make('div', {class: 'bar', style: {height: '40px', background: 'none', alignItems: 'flex-end', gap: '2px'}},
    cluster.by_busy.map((value, i) => make('div', {title: `${5 * i} to ${5 * i + 5}% busy: ${value} workers`, style: {
      flex: 1, background: '#009e73', height: Math.max(value ? 8 : 1, 100 * value / Math.max(1, ...cluster.by_busy)) + '%'}}))),
  make('p', {class: 'note'}, 'idle on the left, busy on the right'));
  page.append(barsOfWorkers({picture, view}));
  const rows = [...picture.workers];
  const by = view.sort?.workers;
  if (by !== undefined) rows.sort((a, b) => (workerColumns[by].of(a) < workerColumns[by].of(b) ? 1 : -1));
  const total = {...cluster, name: `all ${cluster.workers}`, host: '', gone: false, paused: false};
  const cells = (worker) => workerColumns.map(({of, show}) => {
    const value = of(worker);
    return value === undefined ? '' : show ? show(value, worker) : String(value);
  });
  page.append(card('Workers', table(workerColumns, [{kind: 'total', cells: cells(total)},
    ...rows.map((worker) => ({kind: worker.gone ? 'gone' : '', cells: cells(worker)}))],
  {onsort: (i) => view.setSort('workers', i)}),
  rows.length < cluster.workers ? make('p', {class: 'note'}, `${rows.length} of ${cluster.workers} workers are listed`) : null));
}

// How far windows by event time are; of times of a clock also how far behind it.
function watermark({watermark: at, watermark_unit: unit}, program) {
  if (at === null || at === undefined) return '';
  if (unit !== 'clock') return unit === 'seconds' ? seconds(at) : String(Number(at.toPrecision(9)));
  const lag = program.started_s + program.now_s - at, date = new Date(1000 * at);
  return Number.isNaN(date.getTime()) ? String(at) : `${date.toISOString().slice(0, 19)}Z, ${seconds(Math.max(0, lag))} behind`;
}

function streams(page, {picture}) {
  if (!picture.streams.length)
    page.append(card('Streams', make('p', {class: 'note'}, 'this program has no stream at the moment')));
  for (const one of picture.streams) {
    const box = card(one.verdict.sentence);
    page.append(box);
    if (one.verdict.advice) box.append(make('p', {class: 'note'}, one.verdict.advice));
    streamGraph(box, one);
    box.append(table([{name: 'operator', text: true}, {name: 'in'}, {name: 'out'}, {name: '/s'}, {name: 'queued'}, {name: 'in flight'},
      {name: 'dropped'}, {name: 'late'}, {name: 'watermark'}, {name: 'errors'}, {name: 'busy'}, {name: 'blocked'}, {name: 'idle'}], one.nodes.map((node) => ({cells: [
      (node.on_cluster ? '(cluster) ' : '') + node.label, count(node.in), count(node.out), count(node.per_s), count(node.queued),
      count(node.in_flight), count(node.dropped || 0), count(node.late || 0), watermark(node, picture.program), count(node.errors), percent(node.busy), percent(node.blocked),
      percent(Math.max(0, 1 - node.busy - node.blocked))]}))));
  }
}

function functions(page, {picture}) {
  const total = Object.values(picture.activity).reduce((sum, value) => sum + value, 0);
  page.append(card('What threads did, in thread seconds: all of it is wall time x threads',
    activityBar(picture.activity), table([{name: 'activity', text: true}, {name: 'seconds'}, {name: 'share'}],
      [...Object.keys(activityColours).map((name) => [name, picture.activity[name] || 0]).map(([name, value]) => ({cells: [name, seconds(value), percent(value / (total || 1))]})),
        {kind: 'total', cells: ['all', seconds(total), '100%']}])));
  functionActivity(page, picture);
  page.append(card('Functions', table([{name: 'function', text: true}, {name: 'tasks'}, {name: 'failed'}, {name: 'tasks/s'}, {name: 'busy'},
    {name: 'share'}, {name: 'median'}, {name: '99 of 100 below'}, {name: 'results'}], picture.functions.map((one) => ({cells: [
    one.name, count(one.count), count(one.failed), count(one.per_s), seconds(one.busy_s), percent(one.busy_s / (total || 1)),
    seconds(one.median_s), seconds(one.p99_s), bytes(one.bytes)]})))));
  const grid = make('div', {class: 'grid'});
  page.append(grid);
  for (const one of picture.functions.slice(0, 6)) {
    const most = Math.max(1, ...one.durations.map((bucket) => bucket[1]));
    grid.append(card('How long: ' + one.name, make('div', {class: 'bar', style: {height: '60px', background: 'none',
      alignItems: 'flex-end', gap: '2px'}}, one.durations.map(([digits, value]) => make('div', {
      title: `${seconds(2 ** (digits - 1) * 1e-9)} to ${seconds(2 ** digits * 1e-9)}: ${count(value)} tasks`,
      style: {flex: 1, background: colour(one.name), height: Math.max(4, 100 * value / most) + '%'}}))),
    make('p', {class: 'note'}, one.durations.length ? `from ${seconds(2 ** (one.durations[0][0] - 1) * 1e-9)} to ` +
      seconds(2 ** one.durations[one.durations.length - 1][0] * 1e-9) : 'none has finished')));
  }
}

// Seconds by function and activity; overhead is shared by the number of tasks, waits are of what ran next.
function functionActivity(page, {functions, activity}) {
  const names = ['compute', 'overhead', 'transfer', 'memory', 'serialization'], others = Object.keys(activityColours).filter((name) => !names.includes(name));
  const rest = names.map((name) => activity[name] || 0), rows = [], sum = (values) => values.reduce((all, value) => all + value, 0);
  const row = (name, values, kind) => rows.push({kind, cells: [name, ...values.map((value) => (value > 1e-6 ? seconds(value) : '')), seconds(sum(values))]});
  for (const one of functions) {
    const values = names.map((_, i) => (one.activity || [one.busy_s])[i] || 0);
    values.forEach((value, i) => { rest[i] = Math.max(0, rest[i] - value); });
    if (sum(values) > 0) row(one.name, [...values, ...others.map(() => 0)]);
  }
  if (sum(rest) > 1e-3) row('of no function that is listed', [...rest, ...others.map(() => 0)]);
  row('threads without a task', [...names.map(() => 0), ...others.map((name) => activity[name] || 0)]);
  row('all', [...names, ...others].map((name) => activity[name] || 0), 'total');
  page.append(card('Thread seconds by function and activity', table([{name: 'function', text: true},
    ...[...names, ...others].map((name) => ({name})), {name: 'all'}], rows)));
}

function memory(page, {picture, history, held, view}) {
  page.append(card('Memory for results', memoryBar(picture.cluster)), barsOfWorkers({picture, view}));
  const over = card('Over time');
  page.append(over);
  lines(over, times(history), [
    {name: 'results in memory', colour: '#0072b2', values: column(history, 'managed_mb').map((v) => v * 1e6)},
    {name: 'on disk', colour: '#e69f00', values: column(history, 'spilled_mb').map((v) => v * 1e6)},
    {name: 'processes', colour: '#9db2c6', values: column(history, 'resident_mb').map((v) => v * 1e6)}], {format: bytes, height: 160});
  heldBy(page, {held});
  page.append(card('Results by function, since the beginning', table([{name: 'function', text: true}, {name: 'results'}, {name: 'bytes'}, {name: 'each'}],
    [...picture.functions].sort((a, b) => b.bytes - a.bytes).map((one) => ({cells: [one.name, count(one.count), bytes(one.bytes),
      bytes(one.bytes / Math.max(1, one.count))]})))));
}

function heldBy(page, {held}) {
  if (!held) return;
  const some = held.looked_at < held.total;
  page.append(card('Results that are held now, by function', table([{name: 'function', text: true}, {name: 'results'}, {name: 'bytes'},
    {name: 'workers'}, {name: 'most at', text: true}, {name: 'there'}], held.results.map((one) => ({cells: [one.function, count(one.count),
    bytes(one.bytes), count(one.workers), one.most, bytes(one.most_bytes)]}))),
  make('p', {class: 'note'}, held.total === 0 ? 'no worker holds a result' : some ?
    `${count(held.looked_at)} of ${count(held.total)} results were looked at` : `all ${count(held.total)} results`)));
}

function failures(page, {picture}) {
  if (!picture.failures.length) return page.append(card('Failures', make('p', {class: 'note'}, 'no task has failed')));
  const message = (one) => one.story?.length ? make('details', {}, make('summary', {}, one.message),
    storyOf(one.story)) : one.message;
  page.append(card(`Failures: ${count(picture.failures_total)}` + (picture.failures_total > picture.failures.length ?
    `, the last ${picture.failures.length}` : ''), table([{name: 'task', text: true}, {name: 'when'}, {name: 'worker', text: true},
    {name: 'error', text: true}, {name: 'message', text: true}], [...picture.failures].reverse().map((one) => ({cells: [one.id > 0 ? taskLink(one.id, one.task) : one.task,
    seconds(one.time_s), one.worker, one.type, message(one)]}))),
  make('p', {class: 'note'}, 'open a message to see what the task went through; `client.explain(future)` says why one does not run')));
}

function graph(page, {graph: seen}) {
  if (!seen || !seen.tasks.length) return page.append(card('Graph', make('p', {class: 'note'}, 'there are no tasks at the moment')));
  const names = [...new Set(seen.tasks.map((task) => task[1]))];
  const groups = card('Functions: an arrow for each pair whose tasks need each other');
  page.append(groups);
  functionGraph(groups, seen);
  const box = card(`Tasks: ${seen.tasks.length < seen.total ? `${count(seen.tasks.length)} of ` : ''}${count(seen.total)}, ` +
    'what they need on their left');
  page.append(box);
  const said = make('p', {class: 'note'}, 'point at a task');
  taskGraph(box, seen, (text) => { said.textContent = text || 'point at a task'; });
  box.append(legend(names.map((name) => [name, stateColours[name]])), said);
  if (seen.tasks[0].length > 4)
    box.append(make('p', {}, 'Look at ', seen.tasks.slice(0, 20).map((task) => [taskLink(task[4], seen.functions[task[0]]), ' '])));
}

const taskLink = (id, name) => make('a', {href: '#task/' + id}, name);
const stateOf = (name) => make('span', {}, make('i', {class: 'dot', style: {background: stateColours[name] || otherHue}}), name);

// One task: links of the graph and of workers lead here.
function task(page, {task: seen, picture, slowest, view, live}) {
  if (!live) return taskOfReport(page, {picture, slowest, view});
  if (!seen) return;
  if (!seen.name) return page.append(card('Task', make('p', {class: 'note'}, `task ${view.id} is not known: it was released, or never submitted`),
    storyOf(seen.story || [])));
  page.append(card(seen.name, numbers([['state', stateOf(seen.state)], ['function', seen.function], ['result', bytes(seen.bytes)],
    ['where', seen.holders.join(', ') || '-'], ['priority', count(seen.priority)], ['asks for', seen.conditions.join(', ') || 'nothing']])),
  card('Why', seen.explained.map((line) => make('p', {}, line))));
  const neighbours = (title, list, total) => card(title, list.length ? table([{name: 'task', text: true}, {name: 'state', text: true}],
    list.map(([id, name, state]) => ({cells: [taskLink(id, name), stateOf(state)]}))) : make('p', {class: 'note'}, 'none'),
  list.length < total ? make('p', {class: 'note'}, `${list.length} of ${count(total)}`) : null);
  page.append(make('div', {class: 'grid'}, neighbours('Needs', seen.inputs, seen.inputs_total),
    neighbours('Is needed by', seen.dependents, seen.dependents_total)));
  page.append(card('What it went through', seen.story.length ? storyOf(seen.story) : make('p', {class: 'note'}, 'that is not remembered any more')));
}

// One worker.
function worker(page, {worker: asked, picture, view}) {
  const seen = asked?.name ? asked : picture.workers.find((one) => String(one.peer) === view.id);
  if (!seen) return page.append(card('Worker', make('p', {class: 'note'}, `worker ${view.id} is not known`)));
  page.append(card(seen.name, numbers(workerColumns.slice(1).map(({name, of, show}) => [name, show ? show(of(seen), seen) : String(of(seen))])
    .filter(([, value]) => value !== ''))));
  const {tasks: list, resources, held, links, log: said} = seen;
  if (!list) return;
  page.append(card('Resources', make('p', {}, resources.map(([name, amount]) => `${amount} ${name}`).join(', ') || 'none',
    seen.serves_s === null ? '' : `; it takes tasks for ${seconds(seen.serves_s)}`)));
  page.append(card(`Tasks it has: ${count(seen.tasks_total)}`, list.length ? make('p', {}, list.map(([id, name, state]) =>
    [taskLink(id, name), ` (${state}) `])) : make('p', {class: 'note'}, 'none')));
  heldBy(page, {held});
  page.append(card('Results from and to others', links.length ? table([{name: 'from', text: true}, {name: 'to', text: true}, {name: 'bytes'},
    {name: 'results'}], links.map(([from, to, size, results]) => ({cells: [from, to, bytes(size), count(results)]}))) :
    make('p', {class: 'note'}, 'none')));
  page.append(card('What it logged, the last lines first', said?.length ? logTable(said.map((line) => [seen.name, line])) :
    make('p', {class: 'note'}, 'nothing, or it is of the process of rank 0, which has the page "log"')));
}

function bandwidth(page, {bandwidth: seen}) {
  if (!seen || !seen.links.length)
    return page.append(card('Bandwidth', make('p', {class: 'note'}, 'no result has gone from one worker to another')));
  const box = card('Results from worker (rows) to worker (columns), since the beginning');
  page.append(box);
  const said = make('p', {class: 'note'}, 'point at a square; the darker the more');
  matrix(box, seen, (text) => { said.textContent = text || 'point at a square; the darker the more'; });
  box.append(said);
  if (seen.workers_total > seen.workers.length)
    box.append(make('p', {class: 'note'}, `the ${seen.workers.length} workers of ${seen.workers_total} that exchange most`));
  page.append(card('Most', table([{name: 'from', text: true}, {name: 'to', text: true}, {name: 'bytes'}, {name: 'results'},
    {name: 'each'}, {name: 'now'}], [...seen.links].sort((a, b) => b[2] - a[2]).slice(0, 40).map(([from, to, size, results, rate]) =>
    ({cells: [seen.workers[from], seen.workers[to], bytes(size), count(results), bytes(size / Math.max(1, results)), bytes(rate) + '/s']})))));
}

function profile(page, {profile: seen, history, view, live}) {
  if (live && (seen?.samples || view.range)) {
    const over = card('Cores that workers use: draw across a stretch of time to see it alone', view.range ? make('p', {},
      `from ${seconds(view.range[0])} to ${seconds(view.range[1])} `, choice('all', false, () => view.setRange(null))) : null);
    page.append(over);
    lines(over, times(history), [{name: 'cores', colour: '#009e73', values: column(history, 'cpu')}],
      {onbrush: (from, to) => view.setRange([from, to])});
  }
  if (seen && !seen.samples && view.range) return page.append(card('Profile', make('p', {class: 'note'}, 'nothing was noted in this time')));
  if (!seen || !seen.samples)
    return page.append(card('Profile', make('p', {class: 'note'}, 'nothing was noted: start the program with WEIR_PROFILE=1')));
  const own = new Map(), whole = new Map();
  const sum = ([name, samples, below], above) => {
    if (name && !above.has(name)) whole.set(name, (whole.get(name) || 0) + samples);
    if (name) own.set(name, (own.get(name) || 0) + samples - below.reduce((all, one) => all + one[1], 0));
    for (const one of below) sum(one, new Set([...above, name]));
  };
  sum(seen.tree, new Set());
  const box = card(`Processor time of worker threads by function: ${count(seen.samples)} samples, 100 a second`);
  page.append(box);
  const said = make('p', {class: 'note'}, 'point at a function');
  flameGraph(box, seen.tree, (text) => { said.textContent = text || 'point at a function'; });
  box.append(said);
  page.append(card('Functions', table([{name: 'function', text: true}, {name: 'itself'}, {name: 'with what it calls'}],
    [...own].sort((a, b) => b[1] - a[1]).slice(0, 30).map(([name, samples]) =>
      ({cells: [name, percent(samples / seen.samples), percent(whole.get(name) / seen.samples)]})))));
}

function jobs(page, {jobs: seen, picture}) {
  if (!seen) return;
  for (const cluster of seen.clusters) {
    const queued = cluster.jobs.filter((job) => job.state === 'queued').length;
    page.append(card(`Cluster of ${cluster.system}: ${cluster.wanted} jobs wanted, ${queued} queued`,
      cluster.problem ? make('p', {class: 'error'}, cluster.problem) : null,
      table([{name: 'job', text: true}, {name: 'state', text: true}, {name: 'workers'}, {name: 'submitted'}],
        cluster.jobs.map((job) => ({cells: [job.id, job.state, count(job.workers), seconds(job.age_s) + ' ago']}))),
      cluster.jobs.length < cluster.jobs_total ? make('p', {class: 'note'}, `${cluster.jobs.length} of ${cluster.jobs_total} jobs`) : null));
  }
  page.append(card('Where workers came from', table([{name: 'job', text: true}, {name: 'host', text: true}, {name: 'workers'}, {name: 'threads'},
    {name: 'assigned'}, {name: 'finished'}, {name: 'takes tasks for'}], seen.groups.map((one) => ({cells: [
    one.job || 'the program itself' + (picture.program.job ? ', job ' + picture.program.job : ''), one.host, count(one.workers),
    count(one.threads), count(one.processing), count(one.finished), one.serves_s === null ? 'as long as it runs' : seconds(one.serves_s)]})))));
}

function system(page, {picture, history: whole, view}) {
  const {program, own} = picture;
  const since = program.now_s - view.past, history = {...whole, rows: whole.rows.filter((row) => row[0] >= since)};
  page.append(card('Program', numbers([['program', program.name], ['host', program.host], ['process', String(program.pid)],
    ['job', program.job || '-'], ['began', new Date(1000 * program.started_s).toLocaleString()], ['has run', seconds(program.now_s)],
    ['Weir', program.weir]])));
  page.append(card('Process of rank 0', numbers([['cpu', seconds(own.cpu_s)], ['memory', bytes(own.resident_bytes)],
    ['open files', count(own.descriptors)]])));
  const cpu = card('Cores in use'), net = card('Results that move between workers');
  page.append(make('p', {}, [['15 min', 900], ['1 h', 3600], ['all', 1e9]].map(([text, past]) =>
    choice(text, past === view.past, () => view.setPast(past)))), make('div', {class: 'grid'}, cpu, net));
  lines(cpu, times(history), [{name: 'workers', colour: '#009e73', values: column(history, 'cpu')},
    {name: 'rank 0', colour: '#d55e00', values: column(history, 'own_cpu')}]);
  const scaled = (name) => column(history, name).map((v) => v * 1e6), rate = {format: (value) => bytes(value) + '/s'};
  lines(net, times(history), [{name: 'received', colour: '#d55e00', values: scaled('received_mb_per_s')}], rate);
  if (!history.columns.includes('own_descriptors')) return;  // a record of an earlier version
  const more = ['Disks of workers', 'Disk of rank 0', 'Networks of the host of rank 0', 'Memory of rank 0', 'Open files of rank 0'].map((title) => card(title));
  page.append(make('div', {class: 'grid'}, more));
  const pair = (box, a, b, names) => lines(box, times(history), [{name: names[0], colour: '#0072b2', values: scaled(a)},
    {name: names[1], colour: '#e69f00', values: scaled(b)}], rate);
  pair(more[0], 'read_mb_per_s', 'written_mb_per_s', ['read', 'written']);
  pair(more[1], 'own_read_mb_per_s', 'own_written_mb_per_s', ['read', 'written']);
  pair(more[2], 'host_received_mb_per_s', 'host_sent_mb_per_s', ['received', 'sent']);
  lines(more[3], times(history), [{name: 'memory', colour: '#0072b2', values: scaled('own_resident_mb')}], {format: bytes});
  lines(more[4], times(history), [{name: 'files', colour: '#0072b2', values: column(history, 'own_descriptors')}]);
}

// A line is of rank 0 in records of earlier versions.
const logTable = (said) => table([{name: 'process', text: true}, {name: 'line', text: true}],
  [...said].reverse().map((line) => ({cells: Array.isArray(line) ? line : ['rank 0', line]})));

function log(page, {picture}) {
  const said = picture.log || [];
  if (!said.length)
    return page.append(card('Log', make('p', {class: 'note'}, 'neither rank 0 nor a worker has logged anything')));
  page.append(card('Log of rank 0 and of workers, the last lines first', logTable(said)));
}

export const pages = {status, tasks, workers, streams, functions, graph, memory, bandwidth, profile, jobs, failures, system, log, task, worker};
