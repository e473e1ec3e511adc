// What needs a person: questions without an answer, and feedback to review.
import { el } from "./api.js";

const day = new Intl.DateTimeFormat("vi-VN", { dateStyle: "short" });
const number = new Intl.NumberFormat("vi-VN");

export function deskPanels(unansweredRoot, feedbackRoot, desk) {
  return { unanswered: unansweredPanel(unansweredRoot, desk), feedback: feedbackPanel(feedbackRoot, desk) };
}

function unansweredPanel(root, desk) {
  async function show() {
    const [{ days }, { questions }] = await Promise.all([
      desk.call("v1/questions/daily?days=30"), desk.call("v1/questions/unanswered?limit=100"),
    ]);
    root.replaceChildren(
      figures(days),
      el("div", { className: "head" }, el("h2", {}, "Hay được hỏi mà chưa có câu trả lời")),
      questions.length
        ? el("ul", { className: "rows" }, ...questions.map(row))
        : el("p", { className: "empty" }, "Không còn câu nào cần xem. Mọi câu hỏi đều đã có người lo."),
    );
  }

  function figures(days) {
    const sum = (name) => days.reduce((total, one) => total + one[name], 0);
    const all = sum("answer") + sum("suggest") + sum("handover");
    const share = (name) => (all ? `${Math.round((100 * sum(name)) / all)} %` : "–");
    const figure = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
    return el("dl", { className: "figures" },
      figure("Câu hỏi trong 30 ngày", number.format(all)),
      figure("Trả lời ngay", share("answer")),
      figure("Đưa ra gợi ý", share("suggest")),
      figure("Chuyển bộ phận hỗ trợ", share("handover")));
  }

  function row(item) {
    const handled = async () => {
      await desk.call("v1/questions/handled", { method: "POST", json: { question: item.question } });
      await show();
    };
    const create = async () => {
      if (await desk.editFaq(null, { question: item.question })) await desk.attempt(handled);
    };
    const attach = async () => {
      const id = await desk.pickFaq(item.question);
      if (!id) return;
      await desk.attempt(async () => {
        await desk.call(`v1/faqs/${encodeURIComponent(id)}/alternates`, { method: "POST", json: { text: item.question } });
        desk.toast("Đã thêm thành một cách hỏi khác.");
        await handled();
      });
    };
    return el("li", {},
      el("div", { className: "grow" },
        el("span", { className: "title" }, item.question),
        el("span", { className: "muted small" }, `${number.format(item.times)} lần, gần nhất ${day.format(new Date(item.last_asked_at))}`)),
      el("div", { className: "actions" },
        el("button", { className: "plain", on: { click: create } }, "Soạn câu trả lời"),
        el("button", { className: "plain", on: { click: attach } }, "Gắn vào câu có sẵn"),
        el("button", { className: "plain", on: { click: () => desk.attempt(handled) } }, "Bỏ qua")));
  }

  return { show };
}

function feedbackPanel(root, desk) {
  async function show() {
    const { feedback } = await desk.call("v1/feedback?status=pending&limit=100");
    root.replaceChildren(
      el("div", { className: "head" }, el("h2", {}, "Phản hồi chờ xem")),
      feedback.length
        ? el("ul", { className: "rows" }, ...feedback.map(row))
        : el("p", { className: "empty" }, "Chưa có phản hồi nào chờ xem."),
    );
  }

  function row(item) {
    const review = (verdict, json) => desk.attempt(async () => {
      await desk.call(`v1/feedback/${item.id}/${verdict}`, { method: "POST", json });
      desk.toast(verdict === "accept" ? "Đã nhận: câu này thành một cách hỏi khác." : "Đã bỏ qua.");
      await show();
    });
    const choose = async () => {
      const id = await desk.pickFaq(item.question);
      if (id) await review("accept", { faq_id: id });
    };
    const about = item.chosen_faq_id
      ? `người hỏi chọn ${item.chosen_faq_id}`
      : item.answered_faq_id ? `đã trả lời bằng ${item.answered_faq_id}` : "chưa có câu trả lời";
    return el("li", {},
      el("div", { className: "grow" },
        el("span", { className: "title" }, item.question || "(không lưu câu hỏi)"),
        el("span", { className: "muted small" }, `${day.format(new Date(item.given_at))} · ${about}`)),
      el("span", { className: item.helpful ? "badge good" : "badge bad" }, item.helpful ? "Hữu ích" : "Chưa hữu ích"),
      el("div", { className: "actions" },
        item.target_faq_id && el("button", { className: "plain", on: { click: () => review("accept", {}) } }, "Nhận làm cách hỏi khác"),
        el("button", { className: "plain", on: { click: choose } }, "Gắn vào câu khác"),
        el("button", { className: "plain", on: { click: () => review("reject") } }, "Bỏ qua")));
  }

  return { show };
}
