// Draws the figures of a page: each has knobs, and a frame that was computed for every position of them.
(() => {
  "use strict";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const narrow = window.matchMedia("(max-width: 40rem)");

  // "@double" is the colour of that name in the style sheet, so that light and dark need no second figure.
  function painted(value, css) {
    if (typeof value === "string") return value.startsWith("@") ? css.getPropertyValue("--" + value.slice(1)).trim() : value;
    if (Array.isArray(value)) return value.map((item) => painted(item, css));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, painted(item, css)]));
  }

  function axis(own, css, title) {
    const ink = css.getPropertyValue("--soft").trim(), grid = css.getPropertyValue("--grid").trim();
    return { automargin: true, gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickfont: { color: ink }, ...own, title: { text: title ?? own?.title ?? "", font: { color: ink, size: 13 } } };
  }

  function draw(figure) {
    const css = getComputedStyle(document.documentElement);
    let position = 0;
    figure.knobs.forEach((knob, number) => {
      const input = document.getElementById(`${figure.id}-knob-${number}`);
      const at = Number(input.value);
      position = position * knob.positions.length + at;
      const shown = document.getElementById(`${figure.id}-at-${number}`);
      if (shown) shown.textContent = knob.positions[at];
    });
    const frame = figure.frames[position];
    document.getElementById(`${figure.id}-says`).textContent = frame.says;
    const layout = painted({ ...figure.layout, ...frame.layout }, css);
    const ink = css.getPropertyValue("--ink").trim();
    const whole = {
      ...layout,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: getComputedStyle(document.body).fontFamily, size: narrow.matches ? 11 : 13 },
      margin: { l: 48, r: narrow.matches ? 8 : 16, t: 24, b: 40 },
      legend: { orientation: "h", yanchor: "bottom", y: 1.02, x: 0 },
      hovermode: "closest",
      xaxis: axis(layout.xaxis, css), yaxis: axis(layout.yaxis, css),
    };
    const traces = painted((figure.bases[frame.base] ?? []).concat(frame.traces), css);
    Plotly.react(document.getElementById(figure.id), traces, whole, { responsive: true, displayModeBar: false });
  }

  function drawAll() { figures.forEach(draw); }

  figures.forEach((figure) => figure.knobs.forEach((_, number) => {
    document.getElementById(`${figure.id}-knob-${number}`).addEventListener("input", () => draw(figure));
  }));
  for (const query of ["(prefers-color-scheme: dark)", "(max-width: 40rem)"]) window.matchMedia(query).addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; drawAll(); });
  window.addEventListener("afterprint", () => { delete document.documentElement.dataset.print; drawAll(); });
  drawAll();
})();
