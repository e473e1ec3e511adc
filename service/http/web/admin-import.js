// A spreadsheet in: first what would happen, then for real.
import { el } from "./api.js";
import { inVietnamese } from "./reasons.js";

export function importPanel(root, desk) {
  const file = el("input", { id: "i-file", type: "file", accept: ".csv,.tsv,.xlsx,.jsonl,.yaml,.yml,.json" });
  const replace = el("input", { type: "checkbox" });
  const partial = el("input", { type: "checkbox" });
  const preview = el("button", { className: "primary", disabled: true }, "Xem trước");
  const result = el("div", { className: "stack", role: "status" });

  root.append(el("div", { className: "stack" },
    el("h2", {}, "Nhập câu hỏi từ tệp"),
    el("div", { className: "card stack" },
      el("p", { className: "muted" }, "Excel, CSV, JSONL, YAML hoặc Rasa. Hàng đầu là tên cột, ví dụ: Câu hỏi, Trả lời, Câu hỏi tương tự, Nhãn, Hiệu lực từ."),
      el("div", { className: "field" }, el("label", { htmlFor: "i-file" }, "Tệp"), file),
      el("label", { className: "check" }, replace, el("span", {}, "Xoá những câu không có trong tệp")),
      el("label", { className: "check" }, partial, el("span", {}, "Có hàng lỗi thì vẫn nhập các hàng còn lại")),
      el("div", { className: "actions" }, preview)),
    result));

  for (const input of [file, replace, partial]) {
    input.addEventListener("change", () => { result.replaceChildren(); preview.disabled = !file.files.length; });
  }
  preview.addEventListener("click", () => run(true));

  async function run(dryRun) {
    const form = new FormData();
    form.append("file", file.files[0]);
    const query = new URLSearchParams({ dry_run: dryRun, replace: replace.checked, partial: partial.checked });
    preview.disabled = true;
    result.replaceChildren(el("p", { className: "muted" }, dryRun ? "Đang đọc tệp…" : "Đang nhập…"));
    try {
      const report = await desk.call(`v1/imports?${query}`, { method: "POST", form, timeoutMs: 0 });
      result.replaceChildren(...summary(report));
      if (!dryRun) desk.toast("Đã nhập xong. Các câu mới tìm được ngay.");
    } catch (error) {
      if (!error.problems) throw error;
      result.replaceChildren(el("p", { className: "error" }, error.message || "Không nhập được."), ...problems(error.problems));
    } finally {
      preview.disabled = !file.files.length;
    }
  }

  function summary(report) {
    const figure = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)));
    const go = el("button", { className: "primary", on: { click: () => { go.disabled = true; run(false); } } }, "Nhập thật");
    const blocked = report.problems.length > 0 && !partial.checked;
    return [
      el("h2", {}, report.dry_run ? "Nếu nhập, sẽ có" : "Đã nhập"),
      el("dl", { className: "figures" },
        figure("Thêm mới", report.added), figure("Thay đổi", report.changed),
        figure("Xoá", report.removed), figure("Giữ nguyên", report.unchanged)),
      report.ignored.length ? el("p", { className: "muted" }, `Không dùng đến: ${report.ignored.join(", ")}`) : null,
      ...problems(report.problems),
      report.dry_run && blocked ? el("p", { className: "error" }, "Sửa các hàng lỗi rồi chọn lại tệp, hoặc đánh dấu ô cho phép nhập các hàng còn lại.") : null,
      report.dry_run && !blocked ? el("div", { className: "actions" }, go) : null,
    ].filter(Boolean);
  }

  function problems(found) {
    if (!found.length) return [];
    const rows = found.slice(0, 200).map((one) => el("tr", {},
      el("td", {}, one.row === undefined ? "cả tệp" : String(one.row)), el("td", {}, one.column ?? ""), el("td", {}, inVietnamese(one.reason))));
    return [
      el("h2", {}, found.length > 200 ? `${found.length} chỗ cần sửa, 200 chỗ đầu:` : `${found.length} chỗ cần sửa`),
      el("div", { className: "scroll" }, el("table", {},
        el("thead", {}, el("tr", {}, el("th", {}, "Hàng"), el("th", {}, "Cột"), el("th", {}, "Lý do"))),
        el("tbody", {}, ...rows))),
    ];
  }

  return { show: async () => {} };
}
