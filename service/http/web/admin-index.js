// The index: build anew with progress, go back to the one before.
import { el } from "./api.js";

const moment = new Intl.DateTimeFormat("vi-VN", { dateStyle: "short", timeStyle: "short" });
const STATUS = { building: "đang lập", live: "đang dùng", previous: "bản trước", retired: "đã bỏ", failed: "hỏng" };

export function indexPanel(root, desk) {
  const build = el("button", { className: "primary", on: { click: () => reindex() } }, "Lập lại chỉ mục");
  const back = el("button", { className: "plain", on: { click: () => rollBack() } }, "Quay lại bản trước");
  const bar = el("progress", { "aria-label": "Tiến độ lập chỉ mục" });
  const stage = el("p", { className: "muted", role: "status" });
  const work = el("div", { className: "card stack", hidden: true }, stage, bar);
  const rows = el("tbody", {});
  root.append(el("div", { className: "stack" },
    el("div", { className: "head" }, el("h2", {}, "Chỉ mục tìm kiếm"), back, build),
    el("p", { className: "muted" }, "Sửa từng câu thì tìm được ngay, không cần lập lại. Lập lại khi đổi mô hình hoặc khi hệ thống nhắc; trong lúc đó mọi người vẫn hỏi bình thường."),
    work,
    el("div", { className: "scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, ...["Bản", "Tình trạng", "Mô hình", "Số dòng", "Lập lúc"].map((name) => el("th", {}, name)))),
      rows))));

  async function show() {
    const { generations } = await desk.call("v1/index");
    back.disabled = !generations.some((one) => one.status === "previous");
    rows.replaceChildren(...generations.map((one) => el("tr", {},
      el("td", {}, String(one.number)),
      el("td", {}, el("span", { className: one.status === "live" ? "badge good" : "badge" }, STATUS[one.status])),
      el("td", {}, one.encoder),
      el("td", {}, String(one.row_count)),
      el("td", {}, moment.format(new Date(one.created_at))))));
  }

  async function reindex() {
    build.disabled = true;
    await desk.attempt(async () => {
      const job = await desk.call("v1/reindex", { method: "POST" });
      await follow(job);
    });
    build.disabled = false;
    work.hidden = true;
    await desk.attempt(show);
  }

  // Server-sent events by hand: EventSource cannot send the key in a header.
  async function follow(job) {
    work.hidden = false;
    paint(job);
    const response = await desk.request(`v1/jobs/${job.id}/events`, { timeoutMs: 0 });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (text + value.replaceAll("\r\n", "\n")).split("\n\n");
      text = events.pop();
      for (const event of events) {
        const data = /^data: ?(.*)$/m.exec(event);
        if (data) paint(JSON.parse(data[1]));
      }
    }
  }

  function paint(job) {
    const { stage: name, done, total } = job.progress;
    if (job.status === "failed") return desk.toast(job.error, true);
    if (job.status === "done") return desk.toast("Đã lập xong và chuyển sang chỉ mục mới.");
    stage.textContent = total ? `${name}: ${done} / ${total}` : name || "Đang chuẩn bị…";
    if (total) {
      bar.max = total;
      bar.value = done;
    } else {
      bar.removeAttribute("value");
    }
    return undefined;
  }

  async function rollBack() {
    if (!(await desk.confirm("Quay lại chỉ mục trước đó?", "Quay lại"))) return;
    await desk.attempt(async () => {
      await desk.call("v1/index/rollback", { method: "POST" });
      desk.toast("Đã quay lại bản trước.");
      await show();
    });
  }

  return { show };
}
