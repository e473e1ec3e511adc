from service.train.enquiry import Example, _written_here, side, train_enquiry

ENQUIRIES = ("mượn sách ở đâu", "nộp học phí ở đâu", "đăng ký môn học ở đâu", "xin bảng điểm ở đâu")
CHATTER = ("chán quá bạn ơi", "buồn quá bạn ơi", "vui quá bạn ơi", "mệt quá bạn ơi")


def make_examples() -> list[Example]:
    enquiries = [Example(text, "enquiry", text) for text in ENQUIRIES]
    return 30 * [*enquiries, *(Example(text, "small_talk", text) for text in CHATTER)]


def test_it_learns_how_people_ask_and_not_only_what() -> None:
    model = train_enquiry(make_examples())
    assert model("đổi tài khoản ở đâu") > -0.5
    assert model("đói quá bạn ơi") < -1


def test_the_same_examples_make_the_same_model() -> None:
    first, second = (train_enquiry(make_examples()) for _ in range(2))
    assert (first.weights == second.weights).all()


def test_both_halves_of_the_families_are_about_as_large() -> None:
    sides = [side(f"family {number}") for number in range(1000)]
    assert 450 < sum(sides) < 550


def test_what_chatbots_are_told_for_fun_is_no_enquiry() -> None:
    told = {question: source for question, source, _ in _written_here()}
    assert told["Chào huấn luyện viên"] == "small_talk"
    assert told["Một tín chỉ tương đương bao nhiêu tiết học?"] == "enquiry"
