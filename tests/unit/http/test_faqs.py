import io

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook

NEW = {
    "question": "Thư viện mở cửa lúc mấy giờ?",
    "answer": "7 giờ 30.",
    "alternates": ["mấy h mở tv"],
    "tags": ["thu-vien"],
}


def test_lists_search_and_page(admin: TestClient):
    page = admin.get("/v1/faqs", params={"limit": 2}).json()
    assert (page["total"], page["offset"], len(page["items"])) == (3, 0, 2)
    rest = admin.get("/v1/faqs", params={"limit": 2, "offset": 2}).json()
    assert len({faq["id"] for faq in page["items"] + rest["items"]}) == 3
    found = admin.get("/v1/faqs", params={"q": "ky tuc xa"}).json()
    assert [faq["id"] for faq in found["items"]] == ["ky-tuc-xa"]
    tagged = admin.get("/v1/faqs", params={"tag": "hoc-phi"}).json()
    assert [faq["id"] for faq in tagged["items"]] == ["hoc-phi"]
    assert admin.get("/v1/faqs", params={"set": "none"}).status_code == 404


def test_an_faq_lives(admin: TestClient):
    created = admin.post("/v1/faqs", json={"id": "thu-vien", **NEW})
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert admin.get(created.headers["location"]).json()["question"] == NEW["question"]
    assert admin.post("/v1/ask", json={"question": NEW["question"]}).json()["outcome"] == "answer"

    changed = admin.put(
        "/v1/faqs/thu-vien", json={**NEW, "answer": "8 giờ."}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)

    gone = admin.delete("/v1/faqs/thu-vien", headers={"If-Match": '"2"'})
    assert gone.status_code == 204
    assert admin.get("/v1/faqs/thu-vien").status_code == 404
    history = admin.get("/v1/faqs/thu-vien/history").json()
    assert [edit["kind"] for edit in history] == ["added", "changed", "removed"]
    assert {edit["actor"] for edit in history} == {"office"}


def test_an_id_is_made_when_none_is_given(admin: TestClient):
    first = admin.post("/v1/faqs", json=NEW).json()["id"]
    second = admin.post("/v1/faqs", json={**NEW, "question": "Khác hẳn?"}).json()["id"]
    assert first != second
    assert admin.post("/v1/faqs", json={"id": first, **NEW}).status_code == 409


def test_no_edit_is_lost(admin: TestClient):
    missing = admin.put("/v1/faqs/hoc-phi", json=NEW)
    assert (missing.status_code, missing.json()["status"]) == (428, 428)
    assert 'If-Match: "1"' in missing.json()["detail"]
    stale = admin.put("/v1/faqs/hoc-phi", json=NEW, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert admin.delete("/v1/faqs/hoc-phi", headers={"If-Match": '"7"'}).status_code == 412
    assert admin.get("/v1/faqs/hoc-phi").json()["revision"] == 1
    forced = admin.put("/v1/faqs/hoc-phi", json=NEW, headers={"If-Match": "*"})
    assert forced.status_code == 200


def test_alternates_are_added_once(admin: TestClient):
    for _ in range(2):
        reply = admin.post("/v1/faqs/hoc-phi/alternates", json={"text": "tiền 1 tín"})
        assert reply.status_code == 200
    assert reply.json()["alternates"] == ["1 tín chỉ bao nhiêu tiền", "tiền 1 tín"]
    assert reply.json()["revision"] == 2


def test_what_cannot_be_stored_says_why(admin: TestClient):
    reply = admin.post("/v1/faqs", json={**NEW, "question": "??"})
    assert reply.status_code == 422
    assert "too short" in reply.json()["detail"]


def test_a_spreadsheet_goes_in_and_comes_out(admin: TestClient):
    book = Workbook()
    book.active.append(["Câu hỏi", "Trả lời", "Nhãn"])
    book.active.append(["Học bổng xét thế nào?", "Theo điểm.", "hoc-bong"])
    file = io.BytesIO()
    book.save(file)
    upload = {"file": ("faq.xlsx", file.getvalue())}

    preview = admin.post("/v1/imports", params={"dry_run": True}, files=upload).json()
    assert (preview["dry_run"], preview["added"], preview["removed"]) == (True, 1, 0)
    assert admin.get("/v1/faqs").json()["total"] == 3
    stored = admin.post("/v1/imports", files=upload).json()
    assert (stored["added"], stored["problems"]) == (1, [])

    exported = admin.get("/v1/exports", params={"format": "xlsx"})
    assert 'filename="default.xlsx"' in exported.headers["content-disposition"]
    sheet = load_workbook(io.BytesIO(exported.content)).active
    assert sheet.max_row == 1 + 4
    again = {"file": ("faq.xlsx", exported.content)}
    assert admin.post("/v1/imports", files=again).json()["unchanged"] == 4


def test_every_bad_row_is_named_and_nothing_is_imported(admin: TestClient):
    rows = "Câu hỏi,Trả lời\nCâu tốt?,Có\n,Thiếu câu\nThiếu trả lời?,\n"
    upload = {"file": ("faq.csv", rows)}
    reply = admin.post("/v1/imports", files=upload)
    assert reply.status_code == 422
    assert [problem["row"] for problem in reply.json()["problems"]] == [3, 4]
    assert admin.get("/v1/faqs").json()["total"] == 3

    partly = admin.post("/v1/imports", params={"partial": True}, files=upload).json()
    assert (partly["added"], len(partly["problems"])) == (1, 2)


@pytest.mark.parametrize("name", ["../../evil.csv", "..\\..\\evil.csv", "C:\\x\\evil.csv"])
def test_a_file_name_cannot_leave_its_folder(admin: TestClient, name: str):
    reply = admin.post("/v1/imports", files={"file": (name, "Câu hỏi,Trả lời\nTốt không?,Có\n")})
    assert reply.status_code == 200


def test_uploads_that_are_none_are_refused(admin: TestClient):
    other = admin.post("/v1/imports", files={"other": ("x.csv", b"a")})
    assert (other.status_code, "field 'file'" in other.json()["detail"]) == (422, True)
    unknown = admin.post("/v1/imports", files={"file": ("x.exe", b"MZ")})
    assert (unknown.status_code, ".xlsx" in unknown.json()["detail"]) == (422, True)
    broken = admin.post(
        "/v1/imports", content=b"junk", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code in (400, 422)
