"use strict";
/* A run as it works: the moments come as server-sent events, the chart and the figures follow them; at its end the page shows what came of it. */
(() => {
  const box = document.getElementById("run-chart");
  const at = (id) => document.getElementById(id);
  const language = document.documentElement.lang === "vi" ? "vi-VN" : "en-US";
  const number = (value, digits = 0) => Number(value).toLocaleString(language, { maximumFractionDigits: digits });
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const data = [[], [], []];
  const value = (text) => (text === "" || text === null || text === undefined ? null : Number(text));
  for (const row of document.querySelectorAll("#run-moments tr")) {
    data[0].push(Number(row.dataset.seconds)); data[1].push(value(row.dataset.worth)); data[2].push(value(row.dataset.bound));
  }
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  // As many digits as tell two lines of the grid apart.
  const digits = (ticks) => (ticks.length < 2 ? 1 : Math.min(6, Math.max(0, Math.ceil(-Math.log10((ticks[1] - ticks[0]) / 1e6) - 1e-9))));
  const chart = new uPlot({
    width: box.clientWidth, height: 280,
    scales: { x: { time: false, range: (_, least, most) => [0, Math.max(most || 0, 1)] } },
    series: [
      { label: box.dataset.time, value: (_, one) => (one === null ? "–" : number(one, 1)) },
      { label: box.dataset.worth, stroke: colour("--accent"), width: 3, spanGaps: true, paths: uPlot.paths.stepped({ align: 1 }), value: (_, one) => (one === null ? "–" : `${number(one)} đ`) },
      { label: box.dataset.bound, stroke: colour("--info"), width: 2, dash: [6, 4], spanGaps: true, paths: uPlot.paths.stepped({ align: 1 }), value: (_, one) => (one === null ? "–" : `${number(one)} đ`) },
    ],
    axes: [{ ...axis, values: (_, ticks) => ticks.map((one) => `${number(one, 1)} s`) }, { ...axis, size: 74, label: box.dataset.unit, labelSize: 22, values: (_, ticks) => ticks.map((one) => number(one / 1e6, digits(ticks))) }],
  }, data, box);
  addEventListener("resize", () => chart.setSize({ width: box.clientWidth, height: 280 }));
  if (box.dataset.works !== "1") return;

  const millions = (vnd) => (vnd === null ? "–" : `${number(vnd / 1e6, 1)} ${language === "vi-VN" ? "triệu đồng" : "M đ"}`);
  const events = new EventSource(`/api/v1/runs/${box.dataset.run}/events`);
  let seen = data[0].length;
  events.addEventListener("progress", (event) => {
    const moment = JSON.parse(event.data);
    if (moment.seq <= seen) return;
    seen = moment.seq;
    data[0].push(moment.seconds); data[1].push(moment.objective_vnd); data[2].push(moment.bound_vnd);
    chart.setData(data);
    at("run-worth").textContent = millions(moment.objective_vnd);
    at("run-bound").textContent = millions(moment.bound_vnd);
    at("run-gap").textContent = moment.gap === null ? "–" : `${number(moment.gap * 100, 2)} %`;
    at("run-seconds").textContent = number(moment.seconds, 1);
  });
  let state = null;
  events.addEventListener("state", (event) => {
    const now = JSON.parse(event.data).state;
    if (state !== null && now !== state && now !== "done" && now !== "failed" && now !== "stopped") location.reload();
    state = now;
  });
  events.addEventListener("end", () => { events.close(); location.reload(); });
})();
