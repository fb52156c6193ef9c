// The pages: each is a function of the picture, the history and, where it needs it, the task stream.
import {activityColours, bytes, colour, count, lines, make, percent, seconds, shares, streamGraph, table, taskStream} from './draw.js';

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
  const names = {compute: 'busy', overhead: 'overhead', transfer: 'fetching', memory: 'no_memory',
    'no parallelism': 'no_parallelism', assigning: 'assigning', unplaceable: 'unplaceable', 'nothing to do': 'nothing_to_do'};
  lines(parent, times(history), Object.entries(names).map(([name, key]) =>
    ({name, colour: activityColours[name], values: column(history, key)})),
  {stacked: true, height: 130, label: 'threads by activity over time'});
}

function memoryBar(cluster) {
  const free = Math.max(0, cluster.memory_limit - cluster.managed_bytes);
  return make('div', {}, shares([['results in memory', cluster.managed_bytes, '#0072b2'],
    ['free', free, '#9db2c6']]),
  make('p', {class: 'note'}, `${bytes(cluster.managed_bytes)} of ${bytes(cluster.memory_limit)} for results; ` +
    `${bytes(cluster.spilled_bytes)} on disk; processes have ${bytes(cluster.resident_bytes)}` +
    (cluster.paused ? `; ${cluster.paused} workers wait for memory` : '')));
}

function progressOf(functions) {
  return functions.slice(0, 12).map((one) => make('div', {class: 'progress'},
    make('b', {}, one.name), make('span', {}, `${count(one.count)} of ${count(one.submitted)}` +
      (one.failed ? `, ${count(one.failed)} failed` : '')),
    make('div', {class: 'bar'}, make('div', {style: {width: 100 * Math.min(1, one.count / Math.max(1, one.submitted)) + '%',
      background: colour(one.name)}}))));
}

function status(page, {picture, history, stream}) {
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
  page.append(grid, make('div', {style: {height: '12px'}}));
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

function tasks(page, {picture, stream}) {
  page.append(card('Tasks by state', numbers(Object.entries(picture.tasks).map(([name, value]) => [name, count(value)]))));
  const box = card('Task stream: a row per thread; a block is paler the less of its time was busy');
  page.append(box);
  if (!stream || !stream.blocks.length) box.append(make('p', {class: 'note'}, 'no task has run in this time'));
  else {
    const said = make('p', {class: 'note'}, 'point at a block');
    taskStream(box, stream, (text) => { said.textContent = text || 'point at a block'; });
    box.append(said);
    if (stream.rows_total > stream.rows.length)
      box.append(make('p', {class: 'note'}, `the first ${stream.rows.length} of ${stream.rows_total} threads`));
  }
}

const workerColumns = [{name: 'worker', text: true, of: (w) => w.name}, {name: 'host', text: true, of: (w) => w.host},
  {name: 'threads', of: (w) => w.threads}, {name: 'busy', of: (w) => w.busy, show: (v, w) => percent(v / (w.threads || 1))},
  {name: 'cpu', of: (w) => w.cpu, show: (v) => percent(v)}, {name: 'tasks/s', of: (w) => w.per_s, show: count},
  {name: 'done', of: (w) => w.count, show: count}, {name: 'processing', of: (w) => w.processing, show: count},
  {name: 'results', of: (w) => w.managed_bytes, show: bytes}, {name: 'limit', of: (w) => w.memory_limit, show: bytes},
  {name: 'on disk', of: (w) => w.spilled_bytes, show: bytes}, {name: 'resident', of: (w) => w.resident_bytes, show: bytes},
  {name: 'files', of: (w) => w.descriptors}, {name: 'in', of: (w) => w.received_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'out', of: (w) => w.sent_per_s, show: (v) => bytes(v) + '/s'},
  {name: 'state', text: true, of: (w) => w.gone ? 'gone' : w.paused ? 'waits for memory' : w.retiring ? 'retiring' : ''}];

function workers(page, {picture, view}) {
  const {cluster} = picture;
  const bins = card('Workers by how busy they are');
  page.append(bins);
  bins.append(make('div', {class: 'bar', style: {height: '40px', background: 'none', alignItems: 'flex-end', gap: '2px'}},
    cluster.by_busy.map((value, i) => make('div', {title: `${5 * i} to ${5 * i + 5}% busy: ${value} workers`, style: {
      flex: 1, background: '#009e73', height: Math.max(value ? 8 : 1, 100 * value / Math.max(1, ...cluster.by_busy)) + '%'}}))),
  make('p', {class: 'note'}, 'idle on the left, busy on the right'));
  const rows = [...picture.workers];
  const by = view.sort?.workers;
  if (by !== undefined) rows.sort((a, b) => (workerColumns[by].of(a) < workerColumns[by].of(b) ? 1 : -1));
  const total = {name: `all ${cluster.workers}`, host: '', threads: cluster.threads, busy: cluster.busy, cpu: cluster.cpu,
    managed_bytes: cluster.managed_bytes, memory_limit: cluster.memory_limit, spilled_bytes: cluster.spilled_bytes,
    resident_bytes: cluster.resident_bytes};
  const cells = (worker) => workerColumns.map(({of, show}) => {
    const value = of(worker);
    return value === undefined ? '' : show ? show(value, worker) : String(value);
  });
  page.append(card('Workers', table(workerColumns, [{kind: 'total', cells: cells(total)},
    ...rows.map((worker) => ({kind: worker.gone ? 'gone' : '', cells: cells(worker)}))],
  {onsort: (i) => view.setSort('workers', i)}),
  rows.length < cluster.workers ? make('p', {class: 'note'}, `${rows.length} of ${cluster.workers} workers are listed`) : null));
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
      {name: 'errors'}, {name: 'busy'}, {name: 'blocked'}, {name: 'idle'}], one.nodes.map((node) => ({cells: [
      (node.on_cluster ? '(cluster) ' : '') + node.label, count(node.in), count(node.out), count(node.per_s), count(node.queued),
      count(node.in_flight), count(node.errors), percent(node.busy), percent(node.blocked),
      percent(Math.max(0, 1 - node.busy - node.blocked))]}))));
  }
}

function functions(page, {picture}) {
  const total = Object.values(picture.activity).reduce((sum, value) => sum + value, 0);
  page.append(card('What threads did, in thread seconds: all of it is wall time x threads',
    activityBar(picture.activity), table([{name: 'activity', text: true}, {name: 'seconds'}, {name: 'share'}],
      [...Object.entries(picture.activity).map(([name, value]) => ({cells: [name, seconds(value), percent(value / (total || 1))]})),
        {kind: 'total', cells: ['all', seconds(total), '100%']}])));
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

function memory(page, {picture, history}) {
  page.append(card('Memory for results', memoryBar(picture.cluster)));
  const over = card('Over time');
  page.append(over);
  lines(over, times(history), [
    {name: 'results in memory', colour: '#0072b2', values: column(history, 'managed_mb').map((v) => v * 1e6)},
    {name: 'on disk', colour: '#e69f00', values: column(history, 'spilled_mb').map((v) => v * 1e6)},
    {name: 'processes', colour: '#9db2c6', values: column(history, 'resident_mb').map((v) => v * 1e6)}], {format: bytes, height: 160});
  page.append(card('Results by function, since the beginning', table([{name: 'function', text: true}, {name: 'results'}, {name: 'bytes'}, {name: 'each'}],
    [...picture.functions].sort((a, b) => b.bytes - a.bytes).map((one) => ({cells: [one.name, count(one.count), bytes(one.bytes),
      bytes(one.bytes / Math.max(1, one.count))]})))));
}

function failures(page, {picture}) {
  if (!picture.failures.length) return page.append(card('Failures', make('p', {class: 'note'}, 'no task has failed')));
  page.append(card(`Failures: ${count(picture.failures_total)}` + (picture.failures_total > picture.failures.length ?
    `, the last ${picture.failures.length}` : ''), table([{name: 'task', text: true}, {name: 'when'}, {name: 'worker', text: true},
    {name: 'error', text: true}, {name: 'message', text: true}], [...picture.failures].reverse().map((one) => ({cells: [one.task,
    seconds(one.time_s), one.worker, one.type, one.message]})))));
}

function system(page, {picture, history}) {
  const {program, own} = picture;
  page.append(card('Program', numbers([['program', program.name], ['host', program.host], ['process', String(program.pid)],
    ['job', program.job || '-'], ['began', new Date(1000 * program.started_s).toLocaleString()], ['has run', seconds(program.now_s)],
    ['Weir', program.weir]])));
  page.append(card('Process of rank 0', numbers([['cpu', seconds(own.cpu_s)], ['memory', bytes(own.resident_bytes)],
    ['open files', count(own.descriptors)]])));
  const cpu = card('Cores in use'), net = card('Results that move between workers');
  page.append(make('div', {class: 'grid'}, cpu, net));
  lines(cpu, times(history), [{name: 'workers', colour: '#009e73', values: column(history, 'cpu')},
    {name: 'rank 0', colour: '#d55e00', values: column(history, 'own_cpu')}]);
  lines(net, times(history), [{name: 'received', colour: '#d55e00', values: column(history, 'received_mb_per_s').map((v) => v * 1e6)}],
    {format: (value) => bytes(value) + '/s'});
}

function log(page, {picture}) {
  const lines_of_log = picture.log || [];
  if (!lines_of_log.length)
    return page.append(card('Log', make('p', {class: 'note'}, 'rank 0 has logged nothing; WEIR_LOG=info tells more')));
  page.append(card('Log of rank 0, the last lines first', table([{name: 'line', text: true}],
    [...lines_of_log].reverse().map((line) => ({cells: [line]})))));
}

export const pages = {status, tasks, workers, streams, functions, memory, failures, system, log};
