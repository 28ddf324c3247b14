"""What an open step offers a person: its blocks, by what the step needs. Pure; words and decisions, no drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cave_setup import words
from cave_setup.keeping import can_activate, open_targets
from cave_setup.notebook import blocks
from cave_setup.notebook.guidance import guide_link, mount, restart
from cave_setup.notebook.undoing import question
from cave_setup.notebook.whereabouts import whereabouts, whereabouts_links
from cave_setup.report import use_it

if TYPE_CHECKING:
    from cave_setup.models import ApiKey, Candidate, SaveTarget, Status, Step
    from cave_setup.notebook.at import At
    from cave_setup.notebook.blocks import Block, Item, Option
    from cave_setup.notebook.situation import Situation


def offers(at: At) -> list[Block]:
    """List the blocks of the open step: what to do, the controls for it, then what is worth knowing."""
    if at.situation.choices:
        return _choice(at.situation)
    if at.situation.place:
        return whereabouts(at)
    if at.situation.keys:
        return _keys(at)
    if at.situation.guide:
        return mount(at)
    if at.situation.undo and at.status.facts.store.last_save:
        return question(at.status.facts.store.last_save)
    if at.situation.another:
        return [*_sign_in(at), blocks.row("back", [blocks.button(words.BUTTON_CANCEL, {"action": "back"}, "link")])]
    if at.step.state == "done":
        return _ready(at.status) + _notes(at.step)
    by_need = {
        "sign-in": _sign_in,
        "new-token": _sign_in,
        "lasting-key": _lasting_key,
        "accept-terms": _terms,
        "save": _save,
        "replace": _replace,
        "mount": mount,
        "restart": restart,
        "change-server": _change_server,
    }
    draw = by_need.get(at.step.need, _retry)
    return draw(at) + _notes(at.step)


def aside(at: At) -> list[Block]:
    """Give what is worth knowing of a step that is not open; a problem says its remedy all the same."""
    step = at.step
    remedy = [blocks.text("remedy", step.remedy, "note")] if step.state == "problem" and step.remedy else []
    return [*remedy, *_notes(step), *(whereabouts_links(at) if step.key == "environment" else _private_files(at))]


def _private_files(at: At) -> list[Block]:
    """Offer to close saved files that other people can read."""
    is_saved = at.step.key == "save" and at.step.state == "done" and at.status.facts.environment.keeping != "secret"
    if not is_saved or not open_targets(at.status.facts):
        return []
    return [blocks.row("private-files", [blocks.button(words.BUTTON_MAKE_PRIVATE, {"action": "save"}, "link")])]


def _notes(step: Step) -> list[Block]:
    return [blocks.text(f"note-{number}", note, "note") for number, note in enumerate(step.notes)]


def _remedy(at: At) -> list[Block]:
    return [blocks.text("remedy", at.step.remedy)] if at.step.remedy else []


# ------------------------------------------------------------------------------------------------------ signing in


def _sign_in(at: At) -> list[Block]:
    host, now = at.status.facts.server_address.netloc, at.situation.sign_in
    is_problem = at.step.state == "problem" and not at.situation.another
    begin = _remedy(at) if is_problem else [blocks.text("begin", words.SIGN_IN_BEGIN)]
    if now.why:
        drawn = _other_ways(at)
    elif now.rung == "window":
        other = blocks.button(words.BUTTON_OTHER_WAY, {"action": "no-sign-in", "why": "chosen"}, "link")
        drawn = [
            blocks.waiting("window", words.waiting_for_window(host)),
            blocks.row("go", [_window(at, words.BUTTON_WINDOW_AGAIN, "quiet"), other, *_paste_link(at)]),
            blocks.text("lost", words.WINDOW_LOST_NOTE, "note"),
        ]
    else:
        buttons = [_window(at, words.BUTTON_SIGN_IN, "go"), *_paste_link(at), *_change_link(at), *guide_link(at)]
        drawn = [*begin, blocks.row("go", buttons)]
    return [*drawn, *(_by_hand(at) if now.paste else []), *_private(at)]


def _window(at: At, label: str, style: str) -> Item:
    return blocks.window(label, at.pages.sign_in, at.pages.origins, at.pages.patience, style)


def _paste_link(at: At) -> list[Item]:
    if at.situation.sign_in.paste:
        return []
    return [blocks.button(words.BUTTON_I_HAVE_A_TOKEN, {"action": "paste-open"}, "link")]


def _change_link(at: At) -> list[Item]:
    """Offer to go where the token that was found belongs."""
    credential = at.status.facts.credential
    is_elsewhere = credential is not None and credential.other_server and not at.situation.another
    return [{"label": words.BUTTON_CHANGE_SERVER, "edit": True, "style": "link"}] if is_elsewhere else []


def _private(at: At) -> list[Block]:
    note = words.PRIVATE_NOTE if at.situation.sign_in.paste else words.PRIVATE_WINDOW_NOTE
    return [blocks.text("private", note.format(host=at.status.facts.server_address.netloc), "note")]


def _other_ways(at: At) -> list[Block]:
    """Say in a sentence why the window did not do, and offer the next way in the same place."""
    now = at.situation.sign_in
    why = words.WHY_NO_WINDOW[now.why]
    again = _window(at, words.BUTTON_WINDOW_AGAIN, "quiet")
    if now.tab_state == "looking":
        return [blocks.waiting("why", why), blocks.row("go", [again, *_paste_link(at)])]
    if now.tab_state in {"unreached", "impossible", "over"}:
        sentence = words.NO_TAB[now.tab_state]
        return [
            blocks.text("why", f"{why} {sentence}" if now.tab_state == "impossible" else sentence),
            blocks.row("go", [again, *_paste_link(at)]),
        ]
    tab = blocks.link(words.BUTTON_TAB, now.tab, "go", opened="tab")
    opened = [blocks.waiting("tab", words.WAITING_FOR_TAB)] if now.tab_state == "opened" else []
    return [blocks.text("why", f"{why} {words.TAB_INSTEAD}"), blocks.row("go", [tab, again, *_paste_link(at)]), *opened]


def _by_hand(at: At) -> list[Block]:
    """Offer to paste, with the way to a token for who has none."""
    page = blocks.link(words.BUTTON_TOKEN_PAGE, at.pages.token, "link")
    return [
        blocks.paste(at.situation.error_text("paste")),
        blocks.text("by-hand", words.BY_HAND, "note"),
        blocks.row("token-page", [page]),
        blocks.text("several", words.NO_EXPIRY_NOTE, "note"),
    ]


def _choice(situation: Situation) -> list[Block]:
    cancel = blocks.button(words.BUTTON_CANCEL, {"action": "back"}, "link")
    options: list[Option] = [(number, *candidate) for number, candidate in enumerate(situation.choices)]
    return [
        blocks.choice("choice", words.LABEL_SEVERAL, options, "pick", words.BUTTON_USE_THIS),
        blocks.row("cancel", [cancel]),
    ]


def choices(candidates: tuple[Candidate, ...]) -> tuple[tuple[str, str], ...]:
    """Name the candidates for a person to choose from."""
    return tuple(
        (f"{candidate.description or words.PASTED} {candidate.token.masked}", candidate.created)
        for candidate in candidates
    )


# ------------------------------------------------------------------------------------------------------------ keys


def _lasting_key(at: At) -> list[Block]:
    """Ask which key this computer shall use; the first answer is a new one."""
    keys = _listed(at.status)
    options: list[Option] = [("new", words.NEW_KEY_FOR_THIS_COMPUTER, "")]
    options += [(key.id, _key_name(key), _key_dates(key)) for key in keys]
    if not keys:
        make = blocks.button(words.BUTTON_MAKE_KEY, {"action": "make-key"}, "go")
        return [*_remedy(at), blocks.row("make", [make])]
    ask = blocks.choice("which-key", words.LABEL_WHICH_KEY, options, "choose-key", words.BUTTON_USE_THIS)
    return [*_remedy(at), ask]


def _keys(at: At) -> list[Block]:
    close = blocks.row("close-keys", [blocks.button(words.BUTTON_CLOSE, {"action": "back"}, "link")])
    error = at.situation.error_text("keys")
    told = [blocks.text("keys-error", error, "error")] if error else _notes(at.step)
    listed = _listed(at.status)
    if not listed:
        return [blocks.text("no-keys", words.NO_KEYS), *told, close]
    rows = [block for key in listed for block in _key(at, key)]
    return [blocks.text("keys", words.KEYS_BEGIN), *rows, *told, close]


def _key(at: At, key: ApiKey) -> list[Block]:
    is_own = at.status.facts.own_key is not None and at.status.facts.own_key.id == key.id
    drawn: Block = {
        "id": f"key-{key.id}",
        "kind": "key",
        "name": _key_name(key),
        "detail": _key_dates(key),
        "own": words.KEY_OWN if is_own else "",
        "items": [] if at.situation.confirm == key.id else _key_buttons(key, is_own=is_own),
    }
    return [drawn, *(_confirm(key, is_own=is_own) if at.situation.confirm == key.id else [])]


def _key_buttons(key: ApiKey, *, is_own: bool) -> list[Item]:
    revoke = blocks.button(words.BUTTON_REVOKE, {"action": "ask-revoke", "key": key.id}, "link")
    if is_own:
        return [blocks.button(words.BUTTON_ROTATE, {"action": "rotate"}, "link"), revoke]
    return [blocks.button(words.BUTTON_USE_HERE, {"action": "use-key", "key": key.id}, "link"), revoke]


def _confirm(key: ApiKey, *, is_own: bool) -> list[Block]:
    """Ask before a key is revoked; about this computer's own it is a question of its own."""
    keep = blocks.button(words.BUTTON_KEEP_KEY, {"action": "keys"}, "quiet")
    if is_own:
        revoke = {"action": "revoke", "key": key.id, "own": True}
        items = [
            blocks.button(words.BUTTON_ROTATE_INSTEAD, {"action": "rotate"}, "go"),
            keep,
            blocks.button(words.BUTTON_REVOKE_ALL_THE_SAME, revoke, "danger"),
        ]
        return [blocks.text("confirm", words.revoke_own(_key_name(key))), blocks.row("confirm", items)]
    revoke = blocks.button(words.BUTTON_REVOKE_IT, {"action": "revoke", "key": key.id}, "danger")
    return [blocks.text("confirm", words.revoke_other(_key_name(key))), blocks.row("confirm", [keep, revoke])]


def _listed(status: Status) -> tuple[ApiKey, ...]:
    return status.facts.server.keys if isinstance(status.facts.server.keys, tuple) else ()


def _key_name(key: ApiKey) -> str:
    return f"{key.description or words.KEY_WITHOUT_NAME} {key.token.masked}"


def _key_dates(key: ApiKey) -> str:
    return words.key_dates(key.created, key.last_used)


# ----------------------------------------------------------------------------------------------------------- terms


def _terms(at: At) -> list[Block]:
    terms, text = at.status.missing_terms[0], at.situation.terms
    if text.id == terms.id and text.body:
        page = blocks.link(words.BUTTON_TERMS_PAGE_INSTEAD, at.pages.terms, "link", opened="terms", own_window=True)
        drawn = [*_remedy(at), blocks.terms(terms.id, terms.name, list(text.body), page)]
    elif text.id == terms.id:
        page = blocks.link(words.BUTTON_TERMS_PAGE, at.pages.terms, "go", opened="terms", own_window=True)
        drawn = [blocks.text("remedy", words.TERMS_ON_THE_PAGE), blocks.row("page", [page])]
    else:
        drawn = [blocks.waiting("reading", words.FETCHING_TERMS)]
    return [*drawn, *_watching(at)]


def _watching(at: At) -> list[Block]:
    if at.situation.watching == "terms":
        return [
            blocks.waiting("watching", words.WATCHING_TERMS),
            blocks.text("harmless", words.HARMLESS_ERROR_NOTE, "note"),
        ]
    if at.situation.watching == "gave-up":
        again = blocks.button(words.BUTTON_TERMS_ACCEPTED, {"action": "check"}, "quiet")
        return [blocks.text("gave-up", words.WATCHING_GAVE_UP), blocks.row("again", [again])]
    return []


# ---------------------------------------------------------------------------------------------------------- saving


def _save(at: At) -> list[Block]:
    buttons = [blocks.button(words.BUTTON_SAVE, {"action": "save"}, "go")]
    if any(target.verdict == "foreign" for target in at.status.facts.store.targets):
        buttons.append(blocks.button(words.BUTTON_TAKE_DEFAULT, {"action": "save", "default": "replace"}, "link"))
    return [*_remedy(at), _files(at.status), blocks.row("save", buttons)]


def _replace(at: At) -> list[Block]:
    different = [target for target in at.status.facts.store.targets if target.verdict == "replace"]
    buttons = [blocks.button(words.BUTTON_REPLACE, {"action": "save", "replace": True}, "go")]
    if [target.reader for target in different] == [words.READER_DEFAULT]:
        buttons.append(blocks.button(words.BUTTON_KEEP_DEFAULT, {"action": "save", "default": "keep"}, "quiet"))
    found = [
        words.different_token_there(target.now.token.masked, target.shown)
        for target in different
        if target.now and target.now.token
    ]
    there = {target.now.token for target in different if target.now}
    others = [
        blocks.button(words.use_instead_key(_key_name(key)), {"action": "use-key", "key": key.id}, "link")
        for key in _listed(at.status)
        if key.token in there
    ]
    return [blocks.text("found", " ".join(found)), _files(at.status), blocks.row("save", [*buttons, *others])]


def _files(status: Status) -> Block:
    rows = [
        {"path": target.shown, "reader": target.reader, "verdict": _verdict(target), "tone": target.verdict}
        for target in status.facts.store.targets
    ]
    return blocks.files("files", words.LABEL_FILES, rows)


def _verdict(target: SaveTarget) -> str:
    masked = target.now.token.masked if target.now and target.now.token else ""
    return words.VERDICTS[target.verdict].format(masked=masked, other=target.other_server)


# ----------------------------------------------------------------------------------------------------- all the rest


def _change_server(at: At) -> list[Block]:
    change: Item = {"label": words.BUTTON_CHANGE_SERVER, "edit": True, "style": "go"}
    again = blocks.button(words.BUTTON_TRY_AGAIN, {"action": "check"}, "link")
    return [*_remedy(at), blocks.row("change", [change, again])]


def _retry(at: At) -> list[Block]:
    if at.status.facts.environment.keeping == "nowhere":
        return _remedy(at)  # trying again cannot help there
    again = blocks.button(words.BUTTON_TRY_AGAIN, {"action": "check"}, "go")
    return [*_remedy(at), blocks.row("again", [again])]


def _ready(status: Status) -> list[Block]:
    if not status.ready:
        return []
    done = blocks.row("done", [blocks.button(words.BUTTON_DONE, {"action": "done"}, "go")])
    use, code = blocks.text("use", words.USE_IT), blocks.code(use_it(status))
    if status.facts.mounted is None or status.facts.environment.keeping != "secret":
        return [use, code, done]
    activate = blocks.button(words.BUTTON_ACTIVATE, {"action": "activate"}, "quiet")
    in_others = (
        [blocks.text("activate", words.ACTIVATE_NOTE), blocks.row("activate", [activate])]
        if can_activate(status)
        else [blocks.done("activated", words.ACTIVATED)]
    )
    return [
        blocks.head("own", words.IN_YOUR_OWN),
        code,
        blocks.head("others", words.IN_OTHERS),
        *in_others,
        done,
    ]
