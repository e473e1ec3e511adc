// FAQs: list, search, edit; and a picker for the other panels.
import { el } from "./api.js";

const PAGE = 25;
const moment = new Intl.DateTimeFormat("vi-VN", { dateStyle: "short", timeStyle: "short" });

export function faqPanel(root, desk) {
  let offset = 0;
  const search = el("input", {
    type: "search", className: "search", placeholder: "Tìm trong câu hỏi, câu trả lời, mã…", "aria-label": "Tìm câu hỏi",
  });
  const list = el("ul", { className: "rows" });
  const count = el("span", { className: "muted", role: "status" });
  const back = el("button", { className: "plain", on: { click: () => turn(-PAGE) } }, "Trước");
  const on = el("button", { className: "plain", on: { click: () => turn(PAGE) } }, "Sau");
  root.append(
    el("div", { className: "head" },
      search,
      el("button", { className: "plain", on: { click: () => desk.attempt(download) } }, "Tải về Excel"),
      el("button", { className: "primary", on: { click: () => edit(null) } }, "Thêm câu hỏi")),
    list,
    el("div", { className: "pager" }, count, el("div", { className: "actions" }, back, on)),
  );

  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { offset = 0; desk.attempt(show); }, 250);
  });

  function turn(step) {
    offset = Math.max(0, offset + step);
    desk.attempt(show);
  }

  async function show() {
    const page = await find(search.value, offset, PAGE);
    list.replaceChildren(...page.items.map(row));
    list.hidden = !page.items.length;
    const last = offset + page.items.length;
    count.textContent = page.total ? `${offset + 1}–${last} trong ${page.total} câu hỏi` : "Không có câu hỏi nào";
    back.disabled = offset === 0;
    on.disabled = last >= page.total;
  }

  function find(text, from, limit) {
    const query = new URLSearchParams({ offset: from, limit });
    if (text.trim()) query.set("q", text.trim());
    return desk.call(`v1/faqs?${query}`);
  }

  function row(faq) {
    return el("li", {},
      el("div", { className: "grow" },
        el("button", { className: "title", on: { click: () => desk.attempt(async () => edit(await desk.call(path(faq.id)))) } }, faq.question),
        el("span", { className: "muted small" }, `${faq.id} · ${faq.alternates.length} cách hỏi khác · sửa ${moment.format(new Date(faq.updated_at))}`)),
      el("div", { className: "actions" }, ...faq.tags.map((tag) => el("span", { className: "tag" }, tag))));
  }

  const path = (id) => `v1/faqs/${encodeURIComponent(id)}`;

  async function download() {
    const response = await desk.request("v1/exports?format=xlsx", { timeoutMs: 0 });
    const address = URL.createObjectURL(await response.blob());
    el("a", { href: address, download: `${desk.set}.xlsx` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  }

  // `faq`: stored, or null for a new one; `draft`: fields to begin with. Resolves to whether saved.
  function edit(faq, draft = {}) {
    return new Promise((resolve) => {
      const shown = { question: "", answer: "", alternates: [], tags: [], valid_from: null, valid_to: null, ...faq, ...draft };
      const question = el("input", { id: "f-question", value: shown.question, required: true, maxLength: 500 });
      const alternates = el("textarea", { id: "f-alternates", rows: 3, value: shown.alternates.join("\n") });
      const answer = el("textarea", { id: "f-answer", rows: 5, value: shown.answer, required: true });
      const tags = el("input", { id: "f-tags", value: shown.tags.join(", ") });
      const from = el("input", { id: "f-from", type: "date", value: shown.valid_from ?? "" });
      const to = el("input", { id: "f-to", type: "date", value: shown.valid_to ?? "" });
      const history = el("div", {});
      const dialog = el("dialog", { "aria-label": faq ? "Sửa câu hỏi" : "Thêm câu hỏi" });

      const save = () => desk.attempt(async () => {
        const json = {
          question: question.value,
          answer: answer.value,
          alternates: pieces(alternates.value, "\n"),
          tags: pieces(tags.value, ","),
          valid_from: from.value || null,
          valid_to: to.value || null,
        };
        if (faq) await desk.call(path(faq.id), { method: "PUT", json, etag: faq.revision });
        else await desk.call("v1/faqs", { method: "POST", json });
        finish("Đã lưu. Câu hỏi tìm được ngay từ bây giờ.");
      });
      const remove = async () => {
        if (!(await desk.confirm(`Xoá câu “${faq.question}”? Lịch sử sửa đổi vẫn được giữ.`, "Xoá", true))) return;
        await desk.attempt(async () => {
          await desk.call(path(faq.id), { method: "DELETE", etag: faq.revision });
          finish("Đã xoá.");
        });
      };
      const showHistory = () => desk.attempt(async () => {
        const changes = await desk.call(`${path(faq.id)}/history`);
        const kinds = { added: "thêm", changed: "sửa", removed: "xoá" };
        history.replaceChildren(el("ul", { className: "history" }, ...changes.reverse().map((change) =>
          el("li", {}, `${moment.format(new Date(change.changed_at))}, ${change.actor} ${kinds[change.kind]}: ${change.faq.question}`))));
      });
      const finish = (text) => {
        dialog.returnValue = "saved";
        dialog.close("saved");
        desk.toast(text);
        if (!root.hidden) desk.attempt(show);
      };

      const form = el("form", { method: "dialog", on: { submit: (event) => { event.preventDefault(); save(); } } },
        el("h2", {}, faq ? "Sửa câu hỏi" : "Thêm câu hỏi"),
        field("Câu hỏi", question),
        field("Cách hỏi khác, mỗi dòng một câu", alternates),
        field("Câu trả lời (viết được Markdown)", answer),
        field("Nhãn, cách nhau bằng dấu phẩy", tags),
        el("div", { className: "pair" }, field("Hiệu lực từ ngày", from), field("Đến hết ngày", to)),
        history,
        el("div", { className: "buttons" },
          faq && el("button", { type: "button", className: "danger", on: { click: remove } }, "Xoá"),
          faq && el("button", { type: "button", className: "plain left", on: { click: showHistory } }, "Lịch sử"),
          el("button", { type: "button", className: "plain", on: { click: () => dialog.close("") } }, "Đóng"),
          el("button", { className: "primary" }, "Lưu")));
      dialog.append(form);
      dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "saved"); });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  // Lets the admin choose an FAQ for `question`; resolves to its id or null.
  function pick(question) {
    return new Promise((resolve) => {
      const words = el("input", { type: "search", value: question, "aria-label": "Tìm câu hỏi có sẵn" });
      const found = el("ul", { className: "rows pick" });
      const dialog = el("dialog", { "aria-label": "Chọn câu hỏi có sẵn" });
      const look = () => desk.attempt(async () => {
        let page = await find(words.value, 0, 20);
        if (!page.items.length) page = await find("", 0, 20);
        found.replaceChildren(...page.items.map((faq) =>
          el("li", {}, el("button", { type: "button", className: "title", on: { click: () => dialog.close(faq.id) } }, faq.question))));
      });
      let pause;
      words.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(look, 250); });
      dialog.append(el("form", { method: "dialog" },
        el("h2", {}, "Câu này hỏi cùng ý với câu nào?"),
        el("p", { className: "muted" }, question),
        words, found,
        el("div", { className: "buttons" }, el("button", { className: "plain", value: "" }, "Đóng"))));
      dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue || null); });
      document.body.append(dialog);
      dialog.showModal();
      look();
    });
  }

  return { show, edit, pick };
}

function field(label, control) {
  return el("div", { className: "field" }, el("label", { htmlFor: control.id }, label), control);
}

function pieces(text, separator) {
  return text.split(separator).map((piece) => piece.trim()).filter(Boolean);
}
