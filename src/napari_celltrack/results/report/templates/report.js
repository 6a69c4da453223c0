"use strict";
// Sorts by a click on a column, filters by words and light; cards follow the table.
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const cards = document.getElementById("cards");
  const cardOf = (row) => document.getElementById(row.dataset.card);
  const words = document.getElementById("words");
  const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
  };

  const sortBy = (column, isDown) => {
    const rows = [...body.rows];
    const compare = (a, b) => {
      const [x, y] = [valueOf(a, column), valueOf(b, column)];
      // What is unknown stands last, whichever way it is sorted.
      if (x === "" || y === "") return (x === "") - (y === "");
      const [p, q] = [Number(x), Number(y)];
      const order = Number.isNaN(p) || Number.isNaN(q) ? natural.compare(x, y) : p - q;
      return isDown ? -order : order;
    };
    rows.sort(compare);
    body.append(...rows);
    cards.append(...rows.map(cardOf));
  };

  [...table.tHead.rows[0].cells].forEach((head, column, heads) => {
    head.querySelector("button").addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const isNumber = head.classList.contains("n");
      // Numbers are mostly asked for from the highest on.
      const isDown = now ? now === "ascending" : isNumber;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      sortBy(column, isDown);
    });
  });

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const light = document.querySelector("input[name=light]:checked").value;
    let shown = 0;
    for (const row of body.rows) {
      const card = cardOf(row);
      const text = (row.textContent + " " + card.textContent).toLowerCase();
      const isShown =
        (!light || row.dataset.word === light) && wanted.every((word) => text.includes(word));
      row.hidden = card.hidden = !isShown;
      shown += isShown;
    }
    const all = body.rows.length;
    document.getElementById("shown").textContent =
      shown === all ? `${all} ${all === 1 ? "file" : "files"}` : `${shown} of ${all} files`;
  };
  document.getElementById("filter").addEventListener("input", filter);
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  // A browser may have kept what was typed when the page is loaded again.
  filter();
})();
