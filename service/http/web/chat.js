import { call, el } from "./api.js";

const $ = (id) => document.getElementById(id);
const log = $("log");
const form = $("form");
const question = $("question");
const send = $("send");
const main = document.querySelector("main");

const set = new URLSearchParams(location.search).get("set") || document.body.dataset.set;
// The key travels behind "#", which browsers do not send to servers and do not log.
const key = new URLSearchParams(location.hash.slice(1)).get("key") || undefined;
const embedded = window.parent !== window;
const DRAFT = `vifaq-draft-${set}`;
let busy = false;

// what is on the page

function add(...nodes) {
  $("welcome").hidden = true;
  $("restart").hidden = false;
  log.append(...nodes);
  const last = log.lastElementChild; // a long answer is read from its beginning
  if (last.offsetHeight > main.clientHeight) last.scrollIntoView({ block: "start" });
  else main.scrollTop = main.scrollHeight;
}

function mine(text) {
  return el("div", { className: "mine" }, el("span", { className: "visually-hidden" }, "Bạn: "), text);
}

function theirs(className = "", ...children) {
  return el("div", { className: `theirs ${className}`.trim() }, ...children);
}

function typing() {
  return theirs(
    "typing",
    el("i"), el("i"), el("i"),
    el("span", { className: "visually-hidden" }, "Đang tìm câu trả lời…"),
  );
}

function answerBody(html) {
  const body = el("div", { className: "answer" });
  body.innerHTML = html; // answer_html: sanitised by the server, and scripts are barred by the CSP
  return body;
}

function answerCard(found, requestId, { asked, chosenFaqId } = {}) {
  const same = asked?.toLowerCase() === found.question.toLowerCase();
  const about = same ? null : el("p", { className: "about" }, `Về câu hỏi: ${found.question}`);
  const card = theirs("", ...[about, answerBody(found.answer_html)].filter(Boolean));
  if (requestId) card.append(verdict(requestId, chosenFaqId));
  return card;
}

function verdict(requestId, chosenFaqId) {
  const row = el("div", { className: "verdict", role: "group", "aria-label": "Đánh giá câu trả lời" });
  const give = async (helpful) => {
    row.replaceChildren(el("span", { role: "status" }, "Đang gửi…"));
    question.focus();
    try {
      await sendFeedback(requestId, helpful, chosenFaqId);
      const thanks = helpful
        ? "Cảm ơn bạn, mình vui vì giúp được bạn."
        : "Cảm ơn bạn đã cho biết. Bạn thử hỏi lại theo cách khác nhé.";
      row.replaceChildren(el("span", { role: "status" }, thanks));
    } catch (error) {
      ask(`${explain(error)} Bạn đánh giá lại giúp mình nhé.`);
    }
  };
  const ask = (text) => row.replaceChildren(
    el("span", {}, text),
    el("button", { type: "button", on: { click: () => give(true) } }, "Có"),
    el("button", { type: "button", on: { click: () => give(false) } }, "Chưa"),
  );
  ask("Câu trả lời này có giúp được bạn không?");
  return row;
}

function suggestionCard(reply, title) {
  const list = el("ul", { className: "choices" });
  // Beside an answer a choice says nothing about what was asked first: it is shown, not judged.
  const judged = reply.answer ? null : reply.request_id;
  const settle = (chosen) => {
    for (const button of list.querySelectorAll("button")) {
      button.disabled = true;
      button.setAttribute("aria-pressed", String(button === chosen));
    }
    question.focus();
  };
  const release = () => {
    for (const button of list.querySelectorAll("button")) button.disabled = false;
  };
  for (const suggestion of reply.suggestions) {
    const choose = async () => {
      settle(button);
      if (!(await showStored(suggestion, judged))) release();
    };
    const button = el("button", { type: "button", on: { click: choose } }, suggestion.question);
    list.append(el("li", {}, button));
  }
  const none = el("button", {
    type: "button",
    className: "none",
    on: {
      click: () => {
        settle(none);
        add(theirs("brief", reply.message));
        sendFeedback(reply.request_id, false).catch((error) => add(failure(explain(error))));
      },
    },
  }, "Không câu nào đúng");
  if (!reply.answer) list.append(el("li", {}, none));
  return theirs("", el("p", {}, title), list);
}

function failure(text, retry) {
  const card = theirs("brief failure", el("p", {}, text));
  if (retry) {
    const again = () => { card.remove(); retry(); question.focus(); };
    card.append(el("button", { type: "button", className: "retry", on: { click: again } }, "Thử lại"));
  }
  return card;
}

function explain(error) {
  if (error.status === 0) return "Chưa gửi được vì mất kết nối. Câu hỏi của bạn vẫn còn ở trên.";
  if (error.status === 429) return `Bạn gửi hơi nhanh, vui lòng đợi ${error.retryAfterS ?? "vài"} giây nhé.`;
  if (error.status === 401 || error.status === 403) return "Trang này cần mã truy cập. Bạn vui lòng liên hệ đơn vị quản lý.";
  if (error.status === 404) return "Nội dung này hiện không còn nữa.";
  if (error.status === 422 || error.status === 413) return "Mình chưa đọc được câu này. Bạn thử viết ngắn gọn hơn nhé.";
  return "Hệ thống đang bận một chút. Bạn thử lại sau giây lát nhé.";
}

// what it does

async function whileTyping(work) {
  const dots = typing();
  add(dots);
  setBusy(true);
  try {
    return await work();
  } finally {
    dots.remove();
    setBusy(false);
  }
}

async function answer(text) {
  try {
    const reply = await whileTyping(() => call("v1/ask", { method: "POST", key, json: { question: text, set } }));
    show(reply, text);
  } catch (error) {
    const mendable = ![401, 403, 413, 422].includes(error.status);
    add(failure(explain(error), mendable ? () => answer(text) : null));
  }
}

function show(reply, asked) {
  if (reply.answer) {
    add(answerCard(reply.answer, reply.request_id, { asked }));
    if (reply.suggestions.length) add(suggestionCard(reply, "Bạn cũng muốn hỏi…"));
  } else if (reply.suggestions.length) add(suggestionCard(reply, "Có phải bạn muốn hỏi…"));
  else add(theirs("brief", reply.message));
}

async function showStored(suggestion, requestId) {
  const path = `v1/faqs/${encodeURIComponent(suggestion.faq_id)}/answer?set=${encodeURIComponent(set)}`;
  try {
    const stored = await whileTyping(() => call(path, { key }));
    add(answerCard(stored, requestId, { chosenFaqId: suggestion.faq_id }));
  } catch (error) {
    add(failure(explain(error)));
    return false;
  }
  // The choice is worth remembering, but the answer is already there: no fuss when it fails.
  if (requestId) sendFeedback(requestId, true, suggestion.faq_id).catch((error) => console.warn(error.message));
  return true;
}

function sendFeedback(requestId, helpful, chosenFaqId) {
  const json = { request_id: requestId, helpful };
  if (chosenFaqId) json.chosen_faq_id = chosenFaqId;
  return call("v1/feedback", { method: "POST", key, json });
}

function setBusy(value) {
  busy = value;
  log.setAttribute("aria-busy", String(value));
  refresh();
}

function refresh() {
  send.disabled = busy || !navigator.onLine || !question.value.trim();
  $("offline").hidden = navigator.onLine;
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
  const left = question.maxLength - question.value.length;
  $("count").hidden = left > question.maxLength / 10;
  $("count").textContent = `Còn ${left} ký tự`;
}

function keepDraft() {
  try {
    sessionStorage.setItem(DRAFT, question.value);
  } catch {
    // Storage may be barred inside a frame; then a reload forgets the draft.
  }
}

function restoreDraft() {
  try {
    question.value = sessionStorage.getItem(DRAFT) ?? "";
  } catch {
    question.value = "";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (send.disabled || !text) return;
  question.value = "";
  keepDraft();
  add(mine(text));
  answer(text);
  question.focus();
});

question.addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

question.addEventListener("input", () => { keepDraft(); refresh(); });
window.addEventListener("online", refresh);
window.addEventListener("offline", refresh);

$("restart").addEventListener("click", () => {
  log.replaceChildren();
  $("welcome").hidden = false;
  $("restart").hidden = true;
  question.focus();
});

if (embedded) {
  document.body.classList.add("embedded");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") window.parent.postMessage("vifaq:close", "*"); // carries nothing
  });
}
question.disabled = false; // from here on what is typed is heard
restoreDraft();
refresh();
if (!matchMedia("(pointer: coarse)").matches) question.focus();
