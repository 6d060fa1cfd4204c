(() => {
  "use strict";
  const all = (root, selector) => [...root.querySelectorAll(selector)];

  // Sorting: a cell's full number stands in data-v or title, its text otherwise; empty goes last.
  const valueOf = (cell) => cell.dataset.v ?? (cell.title || cell.textContent.trim());
  const compare = (a, b, numeric) => {
    if (a === b) return 0;
    if (a === "") return 1;
    if (b === "") return -1;
    return numeric ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true });
  };
  const sort = (head) => {
    const table = head.closest("table");
    const body = table.tBodies[0];
    const column = head.cellIndex;
    const numeric = head.classList.contains("number");
    const down = head.getAttribute("aria-sort") === "ascending";
    const rows = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
    rows.sort(([a], [b]) => (down && a !== "" && b !== "" ? -1 : 1) * compare(a, b, numeric));
    all(table, "th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows.map(([, row]) => row));
  };

  // A band is one thing on the overlay, in its profile and in the table.
  const light = (blot, key) => {
    all(blot, ".lit").forEach((part) => part.classList.remove("lit"));
    const readout = blot.querySelector(".readout");
    if (!key) { if (readout) readout.textContent = readout.dataset.hint; return null; }
    const parts = all(blot, "[data-band]").filter((part) => part.dataset.band === key);
    parts.forEach((part) => part.classList.add("lit"));
    const row = parts.find((part) => part.tagName === "TR");
    if (row && readout) readout.textContent = words(row);
    return row;
  };
  const words = (row) => {
    const heads = [...row.closest("table").tHead.rows[0].cells];
    return [...row.cells]
      .map((cell, i) => [heads[i].textContent.trim(), all(cell, ".tag").map((tag) => tag.textContent).join(", ") || cell.textContent.trim()])
      .filter(([, value]) => value)
      .map(([name, value]) => (name.startsWith("±") ? `± ${value}` : `${name} ${value}`))
      .join(" · ");
  };
  const reveal = (row) => {
    const frame = row.closest(".table");
    frame.scrollTop = row.offsetTop - frame.clientHeight / 2;
  };

  document.addEventListener("click", (event) => {
    const target = event.target;
    const head = target.closest("th");
    if (head && head.querySelector("button")) return sort(head);
    const tool = target.closest("button.tool");
    if (tool && tool.dataset.does === "scale") return rescale(tool);
    if (tool) return all(document, "details.blot").forEach((blot) => { blot.open = tool.dataset.does === "open"; });
    const link = target.closest('a[href^="#image-"]');
    if (link) { const blot = document.getElementById(link.hash.slice(1)); if (blot) blot.open = true; return; }
    const band = target.closest("[data-band]");
    if (band) { const row = light(band.closest(".blot"), band.dataset.band); if (row && band !== row) reveal(row); }
  });
  document.addEventListener("mouseover", (event) => {
    const band = event.target.closest("[data-band]");
    if (band) light(band.closest(".blot"), band.dataset.band);
  });
  document.addEventListener("mouseout", (event) => {
    const band = event.target.closest("[data-band]");
    if (band && !(event.relatedTarget instanceof Element && event.relatedTarget.closest("[data-band]"))) light(band.closest(".blot"), "");
  });

  const rescale = (tool) => {
    const own = tool.getAttribute("aria-pressed") !== "true";
    tool.setAttribute("aria-pressed", String(own));
    tool.textContent = own ? "All lanes on one scale" : "Each lane on its own scale";
    all(tool.closest(".blot"), "g.curves").forEach((group) => {
      if (own) group.setAttribute("transform", group.dataset.own);
      else group.removeAttribute("transform");
    });
  };

  // Tables that are folded up on the screen are wanted on paper.
  window.addEventListener("beforeprint", () => all(document, "details.printed").forEach((part) => { part.open = true; }));

  const list = document.querySelector("nav details");
  if (list && window.matchMedia("(max-width: 68rem)").matches) list.open = false;
  const opened = () => {
    const blot = location.hash && document.getElementById(location.hash.slice(1));
    if (blot && blot.tagName === "DETAILS") { blot.open = true; blot.scrollIntoView(); }
  };
  window.addEventListener("hashchange", opened);
  opened();
})();
