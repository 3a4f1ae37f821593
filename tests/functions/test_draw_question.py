"""draw_question: a question without its answer."""

from calls import Connection, row, rows, value


def test_every_question_that_ships_is_in_both_languages(db: Connection) -> None:
    found = rows(db, "SELECT * FROM ttfd.quiz_questions")
    assert len(found) >= 10
    assert all(len(question.options_ru) == len(question.options_en) == 4 for question in found)


def test_it_does_not_tell_the_answer(db: Connection) -> None:
    question = row(db, "SELECT * FROM ttfd.draw_question()")
    assert question._fields == ("question_id", "question_ru", "question_en", "options_ru", "options_en")
    assert value(db, "SELECT question_en FROM ttfd.quiz_questions WHERE id = %s", question.question_id) == (
        question.question_en
    )


def test_it_varies(db: Connection) -> None:
    assert len({row(db, "SELECT * FROM ttfd.draw_question()").question_id for _ in range(60)}) > 3


def test_questions_that_are_switched_off_are_not_asked(db: Connection) -> None:
    db.execute("UPDATE ttfd.quiz_questions SET is_enabled = false")
    assert rows(db, "SELECT * FROM ttfd.draw_question()") == []
