// What can be wrong with a row, in Vietnamese. The API says it in English.

const REASONS = [
  [/^is empty; write the question or remove it$/, () => "để trống: hãy viết câu hỏi hoặc bỏ ô này"],
  [/^is empty; write the answer$/, () => "để trống: hãy viết câu trả lời"],
  [/^is empty; give it one, for example (\S+)$/, (example) => `để trống: hãy đặt mã, ví dụ ${example}`],
  [/^(.+) is too short; use (\d+) characters or more$/, (text, least) => `${text} quá ngắn: cần ít nhất ${least} ký tự`],
  [/^has (\d+) characters; shorten it to (\d+)$/, (count, most) => `dài ${count} ký tự: rút còn ${most}`],
  [/^has (\d+) characters; use at most (\d+)$/, (count, most) => `dài ${count} ký tự: tối đa ${most}`],
  [/^(.+) has (\d+) characters; use at most (\d+)$/, (text, count, most) => `${text} dài ${count} ký tự: tối đa ${most}`],
  [/^(.+) has no letter; write the question in words$/, (text) => `${text} không có chữ nào: hãy viết câu hỏi thành lời`],
  [/^(.+) may hold only the letters a-z, digits, '\.', '_' and '-'$/, (text) => `${text} chỉ được gồm chữ a–z không dấu, chữ số và các dấu . _ -`],
  [/^has (\d+); keep (?:the best|at most) (\d+)$/, (count, most) => `có ${count} mục: giữ lại nhiều nhất ${most}`],
  [/^holds an empty tag; remove it$/, () => "có nhãn để trống: hãy bỏ đi"],
  [/^holds the control character (\S+) at (\d+); delete it$/, (code, at) => `có ký tự điều khiển ${code} ở vị trí ${at}: hãy xoá`],
  [/^(\S+) lies before valid_from (\S+); swap or mend$/, (to, from) => `${to} sớm hơn ngày bắt đầu ${from}: hãy đổi chỗ hoặc sửa lại`],
  [/^(.+) is not a day of the calendar; mend it$/, (text) => `${text} không có trong lịch: hãy sửa lại`],
  [/^(.+) is not a date; write (\S+) or (\S+)$/, (text, one, other) => `${text} không phải ngày: hãy viết như ${one} hoặc ${other}`],
  [/^must be text, not \w+$/, () => "phải là văn bản"],
  [/^is given twice, here and as (.+); keep one$/, (other) => `xuất hiện hai lần, ở đây và ở ${other}: giữ lại một`],
  [/^(.+) is that of (.+) already \(.*\); join the two rows, or give one another id$/, (id, place) => `mã ${id} đã dùng ở ${place.replace("row", "hàng")} (hàng không có mã lấy mã từ câu hỏi): hãy gộp hai hàng, hoặc đặt mã khác`],
  [/^has more cells than there are headings, from (.+) on; .*$/, (from) => `có nhiều ô hơn số cột, kể từ ${from}: hãy để trong ngoặc kép những ô có dấu phân cách`],
  [/^is not UTF-8; save the file as UTF-8$/, () => "không phải UTF-8: hãy lưu tệp dạng UTF-8"],
  [/^is no JSON object: (.+)$/, (detail) => `không phải đối tượng JSON (${detail})`],
  [/^is no JSON object that an FAQ could be in$/, () => "không phải đối tượng JSON chứa câu hỏi và câu trả lời"],
  [/^is no mapping with 'question' and 'answer'$/, () => "thiếu 'question' và 'answer'"],
  [/^has no text: add (\S+) under 'responses', .*$/, (name) => `chưa có câu trả lời: hãy thêm ${name} vào 'responses'; nếu dữ liệu nằm ở nhiều tệp thì nhập cả thư mục`],
];

/** The reason in Vietnamese; as it came when nobody has put it into words yet. */
export function inVietnamese(reason) {
  const numbered = /^number (\d+) (.*)$/s.exec(reason);
  if (numbered) return `mục thứ ${numbered[1]}: ${inVietnamese(numbered[2])}`;
  for (const [pattern, say] of REASONS) {
    const found = pattern.exec(reason);
    if (found) return say(...found.slice(1));
  }
  return reason;
}
