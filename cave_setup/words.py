"""Every sentence a user reads, unless it belongs to an error. Plain text: no markup, no rules, nothing computed.

Sentences with something to fill in are functions of what they need. Kept in the order in which people meet them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PRODUCT = "CAVE Setup"

# ------------------------------------------------------------------------------------------------- addresses


def address_empty() -> tuple[str, str]:
    return "The server address is empty.", "Type one such as global.daf-apis.com."


def address_malformed(text: str) -> tuple[str, str]:
    return f"“{text[:80]}” is not a server address.", "Type one such as global.daf-apis.com."


def address_is_a_datastack(text: str, host: str = "") -> tuple[str, str]:
    where = f"That one is on {host}" if host else "The server is an address with dots, such as global.daf-apis.com"
    return (
        f"“{text[:80]}” looks like the name of a datastack, not like a server address.",
        f"{where}; the datastack has a field of its own.",
    )


def address_not_https(text: str) -> tuple[str, str]:
    return (
        f"“{text[:80]}” would send the token unencrypted.",
        "Use https://; plain http is only allowed for a server on this computer.",
    )


def address_with_user() -> tuple[str, str]:
    return "The address holds a user name or password.", "Leave that part out; CAVE signs in with a token."


def datastack_malformed(text: str) -> tuple[str, str]:
    if not text:
        return "The name of the datastack is empty.", "Type one such as minnie65_public."
    return (
        f"“{text[:80]}” is not a datastack name.",
        "Names look like minnie65_public: letters, digits, “_”, “-” and “.”.",
    )


# ---------------------------------------------------------------------------------------------------- pasting

WHAT_A_TOKEN_LOOKS_LIKE = "A CAVE token is 32 characters, only 0–9 and a–f. Copy one from the server's token page."

TOKEN_LENGTH = 32
PASTED_NOTHING = "Nothing was pasted."
PASTED_CODE_OCEAN_TOKEN = (
    "This is one of Code Ocean's own access tokens (cop_…), not a CAVE token. It was not sent anywhere."
)
PASTED_DOCUMENTATION_TOKEN = "This is the made-up example token of the CAVE documentation."
PASTED_GOOGLE_CODE = "This is a code of Google's sign-in, not a CAVE token."
PASTED_GITHUB_TOKEN = "This is a GitHub token, not a CAVE token. It was not sent anywhere."
PASTED_HTML = "This is the source of a web page, not a token."
PASTED_EMAIL = "This is an e-mail address, not a token."
PASTED_UUID = "This is an identifier with dashes (a UUID), not a CAVE token."
PASTED_MASK = "This is a token with its characters hidden; the real one is needed."
PASTED_SOMETHING_ELSE = "There is no CAVE token in this text."
PASTED_FILE_TOO_LARGE = "This file is too large to be a token file."
PASTED_NOT_TEXT = "This file is not text."


OTHER_CHARACTERS = "others than 0–9 and a–f"


def pasted_nearly_a_token(length: int, odd: Sequence[str]) -> str:
    fault = (
        f"has characters that no token has ({', '.join(odd[:6])})"
        if odd
        else f"has {length} characters, not {TOKEN_LENGTH}"
    )
    copied = "something was copied along with it" if length > TOKEN_LENGTH else "a part was lost in copying"
    return f"This looks nearly like a token, but it {fault}. Perhaps {copied}?"


def several_tokens(count: int) -> str:
    return f"There are {count} tokens in this text."


def no_such_candidate(count: int) -> str:
    return f"There are {count} tokens to choose from; the choice is none of them."


SEVERAL_TOKENS_REMEDY = "Choose the one that this computer shall use."

CLEANED_SPACES = "spaces or line breaks"
CLEANED_INVISIBLE = "invisible characters"
CLEANED_QUOTES = "quotes"
CLEANED_CASE = "upper case"
CLEANED_AROUND = "the text around the token"
CLEANED_DATA = "the rest of the file"


def cleaned(parts: Iterable[str]) -> str:
    return f"Cleaned from what was pasted: {', '.join(parts)}."


PASTED = "pasted"

# ------------------------------------------------------------------------------------------------ environment

STEP_TITLES = {
    "environment": "This computer",
    "account": "Account",
    "terms": "Terms of service",
    "token": "Token",
    "save": "Save on this computer",
    "ready": "Ready",
}

HOME_KEPT = "Files in the home folder are kept."
HOME_LOST = "Every run is a new computer: what is saved here is gone at shutdown."
HOME_UNKNOWN = "It is not known whether files in the home folder are kept."
HOME_IN_THE_BROWSER = "Python runs inside the browser, where caveclient cannot run and no file is kept."
HOME_UNTIL_SESSION_ENDS = "Nothing is kept here: files are gone when this session ends."
HOME_UNTIL_REBUILT = "Files in the home folder are kept until the codespace is rebuilt."
HOME_OF_NOTEBOOK_INSTANCE = "Of the home folder only ~/SageMaker is kept; all else is gone when the instance stops."
HOME_OF_A_SPACE = "Files in the home folder are kept; in a shared space everybody who uses it can read them."
HOME_OF_DANDI = "Files in the home folder are kept until 45 days after your last visit."
HOME_OF_A_CLUSTER = "The home folder is kept; on most clusters it is the same on every node."
HOME_OF_WSL = "Files in the home folder are kept; Python on the Windows side has another home folder."
HOME_OF_THE_HOST = "The home folder is that of the computer outside, and is kept."
FRONT_ENDS = {"lab": "JupyterLab", "notebook": "Jupyter Notebook", "vscode": "VS Code", "colab": "Colab"}


def home_on(disk: str, folder: str = "") -> str:
    where = "in memory" if disk in {"tmpfs", "ramfs", "rootfs"} else "in the container"
    return f"{folder or 'The home folder'} lies {where} ({disk}): files are gone when this session ends."


def kept_in(folder: str) -> str:
    return f"Files in {folder} are kept."


def home_said_to_last(disk: str) -> str:
    return f"You say that files are kept here; it looks as if the token's were not, since they lie on {disk}."


def known_by(sign: str) -> str:
    return f"Taken for this by {sign}."


def no_such_place(keys: Sequence[str]) -> tuple[str, str]:
    # Not repeating it: it may be a token that was put into the wrong place.
    return "There is no environment of that name.", f"Choose one of {', '.join(keys)}."


HOME_YES_OR_NO = "Whether the home folder is kept is said with True or False, or with None where that is not known."
HOME_QUESTION = "Is it kept? Say so under “Not right?”. Until then, files are saved as if it were."
BUTTON_NOT_RIGHT = "Not right?"
LABEL_WHERE = "Where does this notebook run?"
KEEPING = {
    "files": "the token is saved in files",
    "secret": "the token is kept as a secret of the platform",
    "session": "the token is saved until the session ends",
    "nowhere": "CAVE cannot be used there",
}
BUTTONS_HOME = {True: "Right, but the home folder is kept", False: "Right, but the home folder is not kept"}


def about_place(name: str) -> str:
    return f"About {name}"


DEMO_SERVER = "Demo server: nothing here is real."

# ---------------------------------------------------------------------------------------------------- account


def no_token_here(host: str) -> str:
    return f"no token for {host} on this computer yet"


SIGN_IN_REMEDY = (
    "Sign in with the Google account that you use for CAVE, or want to: with %cave_setup in a notebook, or “cave-setup "
    "login” in a terminal. A first sign-in makes the account."
)


def token_refused(masked: str, where: str, host: str) -> str:
    return f"{host} does not know the token {masked} ({where})"


TOKEN_REFUSED_REMEDY = (
    "It was deleted, has run out, or belongs to another server. Sign in to get a new one, or paste one that works."
)


def token_of_another_server(masked: str, where: str, other: str) -> str:
    return f"the token {masked} ({where}) belongs to {other}"


def token_of_another_server_remedy(other: str, host: str) -> str:
    return f"It was not sent to {host}. Sign in there, or change the server to {other}."


def several_differ(winner: str, others: Iterable[str]) -> str:
    return f"Other tokens stand elsewhere on this computer and are not used here: {'; '.join(others)}. {winner}".strip()


FILE_WINS = "caveclient and cloud-volume read files only, so the file counts."
SECRETS_UNKNOWN = "The server does not know those of the secrets, so the file is used."
VARIABLE_WINS = "The first of the variables that the server knows counts."
SECRET_WINS = (
    "Here the mounted secret counts; code that names no token reads the file, until cave_setup.activate() has put "
    "the secret there."
)
GIVEN_WINS = "The token that was just given counts."


def credential_at(masked: str, where: str) -> str:
    return f"{masked} ({where})"


ACCOUNT_NOT_KNOWN = "not known while the server cannot be asked"

# ---------------------------------------------------------------------------------- secrets in the environment

SECRET_EMPTY = "It is empty."
SECRET_IS_A_NAME = (
    "It holds the name of the token instead of the token. The two fields of the secret may have been filled in the "
    "wrong way round."
)
COLAB_NO_ACCESS = "This notebook may not read it. In the Secrets panel, switch on its “Notebook access”."
KAGGLE_NO_RIGHT = "Kaggle lets this session read no secrets. Start the session again, then check again."
KAGGLE_NO_CONNECTION = (
    "Kaggle handed out no secret: either Internet is off for this notebook, or no secret CAVE_TOKEN is attached to it."
)
SECRET_OF_CODE_OCEAN = "By its description it is one of Code Ocean's own. It was not sent anywhere."
NOT_SENT = "It was not sent anywhere."


def secret_instead(sentence: str) -> str:
    return sentence if sentence.endswith(NOT_SENT) else f"{sentence} {NOT_SENT}"


def secret_wrapped(parts: Iterable[str]) -> str:
    return (
        f"There is more in it than the token ({', '.join(parts)}), and code that reads the variable would send that "
        "along and be refused."
    )


def secrets_not_in_time(platform: str) -> str:
    return f"{platform} has not answered the question for its secrets. Run the cell in its own page, then check again."


def secret_of(platform: str, name: str) -> str:
    return f"{platform}'s secret {name}"


def secret_is_wrong(shown: str, fault: str) -> str:
    return f"{shown}: {fault}"


def secret_of_another_server(shown: str, other: str, host: str) -> str:
    return f"{shown} is for {other} and was not sent to {host}. To set up that one, change the server."


def secret_refused(shown: str, host: str) -> str:
    return f"{host} does not know the token in {shown}. It needs a new one."


def secret_runs_out(shown: str) -> str:
    return f"{shown} holds a sign-in token, which stops working within 7 days. It needs a lasting one."


def secret_is_another(shown: str, masked: str) -> str:
    return f"{shown} holds another token, {masked}."


def account_page_at(host: str) -> str:
    return f"{BUTTON_ACCOUNT_PAGE} at {host}"


def no_token_in_secrets(host: str, wrong: str) -> str:
    return f"no token for {host} here yet. {wrong}"


def edit_secret(platform: str) -> str:
    then = "check again" if platform in _READ_SECRET else "shut down and start again"
    return f"Among your secrets of {platform}, open this one and replace its value by the token alone; then {then}."


def secret_arrived(shown: str) -> str:
    return f"It has arrived in {shown}."


def guide_done(shown: str) -> str:
    return f"The token arrives as {shown}; nothing is left to do here."


def no_guide(place: str) -> str:
    return f"{place}: nothing has to be mounted here. “cave-setup login” has the token saved."


def copy_from(page: str) -> str:
    return f"It is not shown here. Sign in to the server's token page, and create or choose one to copy: {page}"


def slot_attached(shown: str, variable: str) -> str:
    return f"{shown} is attached and arrives as {variable}."


def slot_not_arrived(shown: str, variable: str) -> str:
    return (
        f"The secret {shown} arrives as {variable}, but this run started before it was attached: shut down and start "
        "again; a kernel restart is not enough."
    )


COLLABORATOR = "Is this secret a collaborator's? It does not reach you: attach one of your own instead."
RESTART_REMEDY = f"Choose Shut Down, not Hold; then start the workstation and run this again. {COLLABORATOR}"
NOTHING_ATTACHED = "Not attached yet. It is noticed when you come back here."
IS_THERE_ALREADY = "You have this already."


def slots_seen(names: Sequence[str]) -> str:
    return f"Attached so far: {', '.join(names)}. More is noticed when you come back here."


def slot_in_doubt(shown: str, variable: str) -> str:
    return (
        f"The secret {shown} would arrive as {variable}, but this run started before it was attached. If it is your "
        "CAVE token, shut down and start again."
    )


def slots_unreadable(shown: str) -> str:
    return f"{shown} cannot be read, so it is not known what is attached; it shows when you have started again."


def have_secret(platform: str) -> str:
    return f"My token is already a {platform} secret"


def not_a_code_ocean() -> tuple[str, str]:
    return (  # not repeating it: a token may be on the clipboard at this very step
        "This is not the address of a Code Ocean.",
        "Copy it from the browser's address bar while the capsule is open; it begins like https://codeocean.example.org",
    )


def folder_is_shared(shown: str) -> str:
    return f"The token was not saved: {shown} is a folder that other people get to see."


FOLDER_IS_SHARED_REMEDY = (
    "Set HOME and CLOUD_VOLUME_DIR to folders outside of the capsule, or leave the latter out; then try again. Nothing "
    "was changed."
)
# ------------------------------------------------------------------------------------------------------ terms

TERMS_WAIT = "asked when it is known who you are"
TERMS_UNKNOWN = "not known for this datastack"


def terms_open(name: str) -> str:
    return f"{name}: not accepted yet"


TERMS_REMEDY = "Read them, and accept them if you agree."


def terms_accepted(datastack: str) -> str:
    return f"nothing left to accept for {datastack}"


def terms_of_other_data(names: Iterable[str]) -> str:
    return f"Open for other data sets, not in your way here: {', '.join(names)}."


# ------------------------------------------------------------------------------------------------------ token

TOKEN_WAIT = "needs the account first"


def lasting_key(description: str, masked: str) -> str:
    return f"key “{description}” {masked}, no expiry" if description else f"key {masked}, no expiry"


def sign_in_token(masked: str, duration: str) -> str:
    return f"{masked} is a sign-in token: it stops working in {duration}"


SIGN_IN_TOKEN_REMEDY = (
    "It came from a sign-in and is not meant to last. Have a lasting key made with it: that is saved in its place, and "
    "the sign-in is ended."
)
KEYS_UNKNOWN = "it is not known whether this token lasts"
KEYS_UNKNOWN_REMEDY = "The server knew it a moment ago and then refused it; it may just have been deleted. Check again."


SIGN_IN_REFUSED = "The server does not know the token that the sign-in has just brought."
SIGN_IN_AGAIN = "Sign in once more."
SIGN_IN_TIMEOUT = "Nobody came back from the sign-in page in time."
SIGN_IN_TIMEOUT_REMEDY = "Sign in again, or paste a token. Nothing was changed."
SIGN_IN_UNREACHED = "Your browser could not reach this computer: they are not the same one. Nobody has signed in."
SIGN_IN_ENDED = "The sign-in itself has been ended again; only the key remains."
SIGN_IN_NOT_ENDED = "The sign-in itself could not be ended; it ends by itself within 7 days."
SIGNED_IN = "from the sign-in"
MADE_HERE = "made for this computer"


def no_token_to_list_with(host: str) -> str:
    return f"There is no token for {host} here yet."


NO_TOKEN_TO_ACT_WITH = "There is no token here that the server accepts."
NEW_KEY_NOT_KNOWN = "The server does not list the new key."


def one_of_the_keys(description: str) -> str:
    return f"key “{description}” of your account" if description else "a key of your account"


def no_such_key(key_id: int) -> str:
    return f"Your account has no key number {key_id} (any more)."


NO_SUCH_KEY_REMEDY = "Look at the list of keys again."


def own_key(masked: str) -> str:
    return f"This computer uses the key {masked}; nothing was revoked."


OWN_KEY_REMEDY = "Replace it with a new one (rotate), or say that you mean this very key."


def key_revoked(description: str, masked: str) -> str:
    return f"The key {f'“{description}” ' if description else ''}{masked} has been revoked; it opens nothing any more."


def old_key_revoked(masked: str) -> str:
    return f"A new key is in its place, and the old one, {masked}, has been revoked."


def old_key_not_revoked(masked: str) -> str:
    return f"A new key is in its place. The old one, {masked}, could not be revoked: it works until you revoke it."


def old_key_is_mounted(masked: str, names: Iterable[str]) -> str:
    return (
        f"There is a new key, in every file that held the old one. The old one, {masked}, still works: it is "
        f"in {' and '.join(names)}, which cannot be changed from here. Change it there, then revoke the old key."
    )


def rotation_undone(sentence: str, _masked: str) -> str:
    return f"The key was not replaced, and the old one works as before. {sentence}"


def rotation_left_a_key(sentence: str, masked: str) -> str:
    return f"The key was not replaced, and the old one works as before; a new one, {masked}, is left over. {sentence}"


def rotation_half_done(sentence: str) -> str:
    return f"The new key could not be saved everywhere; it works, and so does the old one. {sentence}"


# What the browser shows after a sign-in that came back to a port of this computer.
LANDING_TITLE = "Signed in"
LANDING = "You can close this tab and go back to where you came from. The set-up goes on there by itself."
LANDING_EMPTY_TITLE = "The sign-in brought no token"
LANDING_EMPTY = "Close this tab, go back to where you came from, and sign in again."
LANDING_NOT_FOUND_TITLE = "Nothing here"
LANDING_NOT_FOUND = "This address works once, for the sign-in that it was made for."


def duration(seconds: int | None) -> str:
    """Say a time span in the largest unit that fits: “6 days”."""
    if seconds is None:
        return "at most 7 days"
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = round(seconds / size)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


# ------------------------------------------------------------------------------------------------------- save

SAVE_WAIT = "needs a verified, lasting token first"
SAVE_REMEDY = "Save the token where caveclient and cloud-volume look for it."
SAVE_REPLACE_REMEDY = "A different token stands there already. Decide whether it is replaced."
READER_CAVECLIENT = "read by caveclient"
READER_CLOUD_VOLUME = "read by cloud-volume"
READER_DEFAULT = "read by both where no server has its own file"
READ_BY_BOTH = "read by caveclient and cloud-volume"


def saved(files: Sequence[str], readers: str) -> str:
    if len(files) == 1:
        return f"{files[0]}, {readers}"
    folder = files[0].rsplit("/", 1)[0]
    return f"{len(files)} files in {folder}, {readers}"


def saved_token_dead(files: Sequence[str]) -> str:
    if len(files) == 1:
        return f"{files[0]} holds the token that the server refused"
    return f"{len(files)} files in {files[0].rsplit('/', 1)[0]} hold the token that the server refused"


def not_saved_yet(shown: str) -> str:
    return f"not saved in {shown} yet"


def caveclient_reads_files(variable: str) -> str:
    return f"The token is in the variable {variable}, but caveclient and cloud-volume read files only."


def would_read_other(reader: str, masked: str, shown: str) -> str:
    return f"{reader} would read another token, {masked}, from {shown}"


def would_read_nothing(reader: str, shown: str) -> str:
    return f"{reader} would find no token in {shown}"


def file_damaged(shown: str, fault: str) -> str:
    return f"{shown} {fault}"


DAMAGE = {
    "unreadable": "cannot be opened",
    "not-json": "is damaged: it is not JSON",
    "not-an-object": "is damaged: it does not hold named entries",
    "no-token": "holds no token",
    "not-a-token": "holds something that is not a token",
}
DAMAGED_REMEDY = "Saving moves it aside, with today's date in its name, and writes a whole one. Nothing is lost."
DAMAGED_UNREADABLE_REMEDY = "Give yourself the right to read and write it, or move it away; then check again."


def readable_by_others(files: Sequence[str]) -> str:
    [folder, *others] = dict.fromkeys(file.rpartition("/")[0] for file in files)
    if len(files) == 1 or others:
        named, to_close = ", ".join(files), " ".join(file.replace(" ", "\\ ") for file in files)
    else:
        named, to_close = f"{len(files)} token files in {folder}", f"{folder}/*secret.json"
    alone = "it" if len(files) == 1 else "them"
    return f"Other people on this computer can read {named}; “chmod 600 {to_close}” makes {alone} yours alone."


def use_instead_key(name: str) -> str:
    return f"Use the key {name} instead"


BUTTON_MAKE_PRIVATE = "Make them yours alone"


def foreign_default(shown: str, other: str) -> str:
    return f"{shown} holds the token of {other} and is left alone; this server gets files of its own."


def different_token_there(masked: str, shown: str) -> str:
    return f"A different token, {masked}, stands in {shown}."


NOT_VERIFIED = "The token was not saved: it could not be verified."
NOT_VERIFIED_REMEDY = "It is kept in memory; check again, then save."
NOTHING_TO_SAVE = "There is no token to save yet."
NOTHING_TO_SAVE_REMEDY = "Paste one first."
REFUSED_NOT_SAVED = "The token was not saved: the server refused it."
SIGN_IN_NOT_SAVED = "The token was not saved: it came from a sign-in and stops working within 7 days."


NO_HOME = "It is not known where your home folder is: HOME is no full path, or is not set and the account has none."
NO_HOME_REMEDY = "Set HOME to the full path of a folder that is yours, then try again."


def folder_not_writable(shown: str, reason: str) -> str:
    return f"Nothing can be saved in {shown}: {reason}."


def file_in_the_way(shown: str) -> str:
    return f"the file {shown} stands where a folder should be"


def link_to_nowhere(shown: str) -> str:
    return f"the link {shown} leads nowhere"


LENT_FILE = "a file in it is lent from elsewhere and cannot be replaced"
LINK_LEADS_NOWHERE = "a link among its files leads nowhere"
NO_LOCKS = "its file system knows no locks"
_PUT_RIGHT = {
    LENT_FILE: "Change that file where it comes from",
    LINK_LEADS_NOWHERE: "Make the folder that it leads to, or move the link away",
}


def folder_not_writable_remedy(reason: str, in_the_way: str = "") -> str:
    if reason == OF_A_DEMO:
        return OF_A_DEMO_REMEDY
    do = _PUT_RIGHT.get(reason, "Make the folder writable or free some space")
    if in_the_way:
        do = f"Move {in_the_way} away"
    return f"Nothing was changed, and the token is kept in memory. {do}, then save again."


HALF_SAVED_REMEDY = (
    "Some of the files hold the new token already. Check again as soon as that is put right: the check finishes it."
)


def finished_interrupted(files: Sequence[str]) -> str:
    return f"Saving had been interrupted, so that files differed; it has just been finished in {' and '.join(files)}."


def disk_silent(shown: str) -> str:
    return f"The disk of {shown} does not answer, so nothing is known of the files there."


DISK_SILENT_REMEDY = "It may be a network's whose server cannot be reached. Check again when other files there open."


STORE_BUSY = "Another program is writing the token files at this moment."
STORE_BUSY_REMEDY = "Save again in a moment; nothing was changed."
DEMO_REFUSED = "A demo server's token is not saved into your real home folder."
DEMO_REFUSED_REMEDY = "Start the demo with “cave-setup demo”: it brings a throwaway home folder along."
OF_A_DEMO = "this home folder was made for a demo, and is thrown away with it"
OF_A_DEMO_REMEDY = "Set your computer up outside of the demo. Nothing was changed, and the token is kept in memory."
READ_BACK_DIFFERS = "What was read back is not what was written."
READ_BACK_REMEDY = "Another program may have written at the same moment. Check again, then save again."
UNDONE = "The last save was taken back."
UNDOING = "Taking the last save back …"
UNDO_BEGIN = "Each of these files becomes what it was before. The key itself is not revoked: “Your keys” has it."
NOTHING_TO_UNDO = "No save of the last week is on record here, so there is nothing to take back."
CHANGED_SINCE = "Another program has changed one of these files since the last save, so it was not taken back."
CHANGED_SINCE_REMEDY = "Nothing was changed."
UNDO_REMOVES = "removed: there was no such file"
UNDO_RESTORES = "as it was before"
REPLACED_CAN_COME_BACK = "What stood there before is kept for a week: “cave-setup undo” brings it back."


def undo_brings_back(masked: str) -> str:
    return f"holds {masked} again"


def undo_question(saved_at: str) -> str:
    return f"Take the save of {saved_at} back?"


NO_FILE_FOR_PORT = "On Windows a server address with a port cannot be a file name, so that file is left out."

SAVED_TITLE = "Saved"
MOUNTED_TITLE = "Kept as a secret"
MOUNT_TITLE = "Keep as a secret"
MOUNT_SUMMARY = "the token is not in this run's secrets"
SAVE_FOR_NOW_TITLE = "Save for this session"
SAVED_FOR_NOW_TITLE = "Saved until this session ends"
NOT_KEPT_HERE = "no token can be kept, or used, in the browser"
NOT_POSSIBLE_HERE = "Python runs inside the browser here, where CAVE cannot be used."
NOT_KEPT_HERE_REMEDY = (
    "Use a notebook whose Python runs on a computer: your own, a JupyterHub, Binder, Colab. In JupyterLite, caveclient "
    "does not run."
)
NO_INTERNET = {
    "hpc": (
        "Compute nodes often have no way to the Internet. Run “cave-setup login” on the login node: on most clusters "
        "the home folder is the same. This job then needs a node from which the server can be reached."
    ),
    "kaggle": "Is Internet switched on for this notebook? It is under the session's options, and off to begin with.",
}


def mount_remedy(platform: str) -> str:
    how = {
        "Code Ocean": (
            "In your Code Ocean account open Roles and Secrets, add a secret of type Custom Key with the token as its "
            "value, attach it to this capsule under the name CAVE_TOKEN, then shut down and start again."
        )
    }.get(platform, f"Add the token to your secrets of {platform} under the name CAVE_TOKEN.")
    return f"{how} %cave_setup in a notebook and “cave-setup guide” in a terminal show each step."


def secret_serves_all(platform: str) -> str:
    return f"A secret of your {platform} account, CAVE_TOKEN, would serve here after a rebuild, and in all others, too."


FILES_THIS_RUN = "caveclient and cloud-volume find the token in files, too, for this run."
ACTIVATED = (
    "✓ Written: notebooks that name no token work until this run ends. In the next run, press this again, or begin "
    "with “import cave_setup; cave_setup.activate()”."
)
ACTIVATED_FOR_NOW = "✓ Notebooks can use the token until this run ends. For the next run, finish the steps above."
NOT_FOR_THIS_RUN = "The files for this run were not written."
FILES_LAST_HERE = {
    True: "Files last here, so nothing was written for this run only.",
    None: "Nothing was written for this run only, since files may well last here.",
}
SAVE_INSTEAD = "Save the token instead: with %cave_setup in a notebook, or “cave-setup login” in a terminal."


def mounted(shown: str) -> str:
    return f"mounted in the environment as {shown}"


# ------------------------------------------------------------------------------------------------------ ready


def versions_readable(datastack: str, count: int) -> str:
    return f"{datastack}: {count} version{'' if count == 1 else 's'} readable"


# What goes on from here in a terminal, by what a step needs; the wizard has buttons for it.
COMMANDS = {
    **dict.fromkeys(
        ("sign-in", "new-token", "accept-terms", "save", "replace"), "“cave-setup login” goes on from here."
    ),
    "lasting-key": "“cave-setup login --with-token --yes” goes on from here; give it this token.",
}
READY_WAIT = "asked last"


def still_to_do(titles: Iterable[str]) -> str:
    return f"still to do: {', '.join(titles)}"


ACCEPTED_NOT_NOTICED = "accepted; the data server will notice within minutes"
ACCEPTED_NOT_NOTICED_REMEDY = (
    "Services remember a refusal for up to five minutes. It is asked again by itself, a few times, not more often."
)


def permission_missing(datastack: str, permission: str) -> str:
    return f"{datastack}: your account is not in a group that may {permission or 'view'} it"


def permission_missing_remedy(dataset: str) -> str:
    return (
        f"Ask the people who run {dataset} to add you, or choose another datastack. Your token is fine; "
        "a new one would change nothing."
    )


def unknown_datastack(datastack: str, host: str) -> str:
    return f"{host} has no datastack called {datastack}"


UNKNOWN_DATASTACK_REMEDY = "Check the name for a typing mistake, or change the server."


def data_server_refused(host: str) -> str:
    return f"{host} does not accept the token yet"


DATA_SERVER_REFUSED_REMEDY = (
    "The account's own server knows it. A data server that saw the token too early remembers that for up to five "
    "minutes; check again then."
)


# By platform: what a notebook imports to read a secret there, and how it is read.
_READ_SECRET = {
    "": ("import os", "os.environ[{name}]"),
    "Colab": ("from google.colab import userdata", "userdata.get({name})"),
    "Kaggle": ("from kaggle_secrets import UserSecretsClient", "UserSecretsClient().get_secret({name})"),
}


def snippet(datastack: str, server_address: str | None, variable: str = "", platform: str = "") -> str:
    """Give the lines that use what was set up.

    The address only where it is not caveclient's default, the variable only where a token is mounted in one; with the
    platform where that hands the secret out itself.
    """
    where = f', server_address="{server_address}"' if server_address else ""
    if not variable:
        return (
            f'from caveclient import CAVEclient\n\nclient = CAVEclient("{datastack}"{where})\n'
            "client.materialize.get_versions()"
        )
    imported, read = _READ_SECRET[platform]
    token = read.format(name=json.dumps(variable))
    given = [f'"{datastack}"', *([where[2:]] if where else []), f"auth_token={token}"]
    lines = "".join(f"    {argument},\n" for argument in given)
    imports = (
        f"from caveclient import CAVEclient\n{imported}"
        if platform
        else f"{imported}\n\nfrom caveclient import CAVEclient"
    )
    return f"{imports}\n\nclient = CAVEclient(\n{lines})\nclient.materialize.get_versions()"


# --------------------------------------------------------------------------------------- the notebook's controls

LOOKING = "Looking around …"
CHECKING = "Asking the server …"
CHECKING_TOKEN = "Asking the server about the token …"
SAVING = "Saving and reading back …"

STATES = {"done": "done", "current": "to do now", "problem": "needs you", "waiting": "comes later"}
PILL_READY = "Ready"
PILL_PROBLEM = "Needs you"
PILL_LOOKING = "Looking"

BUTTON_CHECK_AGAIN = "Check again"
BUTTON_TRY_AGAIN = "Try again"
BUTTON_CHANGE = "Change"
BUTTON_CHANGE_SERVER = "Change server or datastack"
BUTTON_ANOTHER = "Use another token"
BUTTON_APPLY = "Use these"
BUTTON_CANCEL = "Cancel"
BUTTON_SIGN_IN = "Sign in"
BUTTON_WINDOW_AGAIN = "Try the window again"
BUTTON_OTHER_WAY = "Sign in another way"
BUTTON_TAB = "Sign in in a tab of its own"
BUTTON_I_HAVE_A_TOKEN = "I have a token to paste"
BUTTON_TOKEN_PAGE = "Open the token page"
BUTTON_TERMS_PAGE = "Read and accept the terms"
BUTTON_TERMS_PAGE_INSTEAD = "Read them on the server's own page"
BUTTON_ACCEPT = "Accept"
BUTTON_KEYS = "Your keys"
BUTTON_CLOSE = "Close"
BUTTON_MAKE_KEY = "Make a lasting key"
BUTTON_USE_HERE = "Use on this computer"
BUTTON_REVOKE = "Revoke"
BUTTON_REVOKE_IT = "Revoke it"
BUTTON_REVOKE_ALL_THE_SAME = "Revoke all the same"
BUTTON_KEEP_KEY = "Keep it"
BUTTON_ROTATE = "Replace by a new one"
BUTTON_ROTATE_INSTEAD = "Replace it by a new one"
BUTTON_TERMS_ACCEPTED = "I have accepted them"
BUTTON_PASTE = "Check token"
BUTTON_CHOOSE_FILE = "choose a file"
BUTTON_USE_THIS = "Use this one"
BUTTON_SAVE = "Save"
BUTTON_SAVE_THIS_RUN = "Skip for now: use the token in this run only"
BUTTON_ACTIVATE = "Write the token file for this run"
BUTTON_COPY_TOKEN = "Copy the token"
BUTTON_ACCOUNT_PAGE = "Open your account"
BUTTON_BACK_TO_SIGN_IN = "Back to signing in"
BUTTON_SIGN_IN_THIS_RUN = "Sign in for this run"
BUTTON_USE_ADDRESS = "Use this address"
BUTTON_ENLARGE = "Enlarge the picture"
BUTTON_REPLACE = "Replace it"
BUTTON_KEEP_DEFAULT = "Keep it there, save the others"
BUTTON_TAKE_DEFAULT = "Make this the default server too"
BUTTON_COPY = "Copy"
BUTTON_DONE = "Done"
BUTTON_ASK_UNDO = "Undo last save"
BUTTON_UNDO = "Undo it"

LABEL_SERVER = "CAVE server"
LABEL_DATASTACK = "Datastack"
LABEL_PASTE = "Your token"
LABEL_SEVERAL = "Which token shall this computer use?"
LABEL_FILES = "What will be written"
LABEL_UNDO = "What undoing does"
LABEL_WHICH_KEY = "Which key shall this computer use?"
LABEL_TICK = "I have read these terms and accept them"
LABEL_PLATFORM = "Address of your Code Ocean"
LABEL_GOOD_TO_KNOW = "Good to know"
HINT_PLATFORM = "It could not be found out here. Copy it from the browser's address bar while the capsule is open."
HINT_PLATFORM_AGAIN = "Copy it from the browser's address bar while the capsule is open."
LABEL_ANOTHER_ADDRESS = "Another address"
HINT_PLATFORM_PLACE = "codeocean.example.org"
LABEL_ASK_FIRST = "Ask me before each step"

HINT_DROP = "Spaces, quotes and whole lines of code are fine. Or drop the page's download here, or "
HINT_PASTE_PLACE = "Paste it here"
PRIVATE_NOTE = (
    "What you paste goes to this notebook's kernel and from there to {host} only. "
    "It is not shown and not stored in the notebook file."
)
PRIVATE_WINDOW_NOTE = (
    "Opens {host} in a small window. What comes back stays in this notebook's memory; nothing of it is shown or "
    "stored in the notebook file."
)
NO_EXPIRY_NOTE = "You can have several tokens at once; a new one does not end those of your other computers."
HARMLESS_ERROR_NOTE = (
    "That page may ask you to sign in once more. If it ends empty or on an error after “Accept”, that is harmless: "
    "what counts is what the server says here."
)
WATCHING_TERMS = "Waiting for the server to hear of it. You need not come back here first."
WATCHING_GAVE_UP = "This was asked for ten minutes. Say so when you have accepted them, and it is asked again."
GUIDE_STAGES = {"done": "done", "now": "to do now", "next": "comes next"}
NOTHING_TO_COPY = (
    "Sign in first; then it can be copied here. Whoever has a secret in the account already does not need it."
)
COPIED_TOKEN = "Copied"
REVEALED = (
    "The browser did not allow copying. Here it is once, selected: press Ctrl+C or ⌘C. It goes when you leave the "
    "field."
)
LABEL_REVEALED = "The token"
IN_YOUR_OWN = "In a notebook of your own"
IN_OTHERS = "In notebooks that name no token"
ACTIVATE_NOTE = "They look for a file. This writes it, for caveclient and cloud-volume, until this run ends."
COPIED = "Copied."
COPY_FAILED = "The browser did not allow copying; the text is selected."
NO_ANSWER = (
    "No answer from the kernel yet. If a cell is running, this waits for it; if the kernel was restarted, run the "
    "wizard's cell again. Nothing that was saved is lost."
)
KERNEL_GONE = "The kernel behind this wizard is gone. Run the cell again; nothing that was saved is lost."
UNEXPECTED = "Something went wrong in the wizard itself ({kind}). Nothing was changed; check again."


def server_has_changed(server: str) -> str:
    return (
        f"The server was changed to {server} before this was done, so it was not done, and nothing was sent. "
        f"Do it once more if it is meant for {server}."
    )


USE_IT = "Use it like this:"

VERDICTS = {
    "same": "holds this token already",
    "new": "new file",
    "add": "has no token yet; other entries stay",
    "renew": "holds the sign-in token {masked}; this key takes its place",
    "replace": "holds a different token, {masked}",
    "repair": "is damaged; moved aside, not lost",
    "foreign": "belongs to {other}; left alone",
}


SIGN_IN_BEGIN = "Sign in with the Google account that you use for CAVE, or want to. A first sign-in makes the account."
WINDOW_LOST_NOTE = (
    "Everything else follows by itself. Should the window end on an error page, close it and try again, or "
    "go another way."
)


def waiting_for_window(host: str) -> str:
    return f"Waiting for you to sign in, in the window of {host} …"


WHY_NO_WINDOW = {
    "blocked": "Your browser blocked the sign-in window.",
    "closed": "The sign-in window was closed, or cut off from this page, before a token came back.",
    "late": "No word from the sign-in window yet. If it shows an error, close it.",
    "chosen": "Another way:",
}
TAB_INSTEAD = "In a tab of its own, what comes back goes straight to this notebook's kernel:"
WAITING_FOR_TAB = "Waiting for the sign-in in that tab …"
NO_TAB = {
    "unreached": (
        "Your browser could not reach this notebook's kernel, which runs on another computer. Nobody has signed in. "
        "Paste a token instead."
    ),
    "impossible": (
        "A tab of its own cannot come back to this notebook's kernel either, which runs on another computer. "
        "Paste a token instead."
    ),
    "over": "Nobody came back from the sign-in tab in time. Try again, or paste a token.",
}
BY_HAND = (
    "No token yet? On the server's token page, sign in, type a description such as this computer's name, create a "
    "token, and copy it."
)
SIGNING_IN = "Signed in; having a key made for this computer …"
MAKING_KEY = "Having a key made for this computer …"
LOOKING_FOR_KEYS = "Asking for your keys …"
REVOKING = "Revoking the key …"
ROTATING = "Replacing the key …"
ACCEPTING = "Telling the server that you accept …"
FETCHING_TERMS = "Fetching the text of the terms …"
TERMS_ON_THE_PAGE = (
    "Their text cannot be shown here. Read and accept them on the server's page; it is noticed by itself."
)

KEYS_BEGIN = "Each key works until it is revoked, wherever it is used. One for each computer is a good habit."
KEY_OWN = "used on this computer"
KEY_WITHOUT_NAME = "without a name"
NO_KEYS = "Your account has no lasting keys."
NEW_KEY_FOR_THIS_COMPUTER = "A key for this computer"


def key_dates(created: str, last_used: str) -> str:
    """Say when a key was made and used, as the server writes dates but without the time of day."""
    made = f"made {_day(created)}" if created else ""
    used = f"last used {_day(last_used)}" if last_used else "never used"
    return ", ".join(part for part in (made, used) if part)


def _day(http_date: str) -> str:
    """Give the day of “Sun, 22 Nov 2026 07:14:56 GMT”; anything else as it is."""
    parts = http_date.split()
    return " ".join(parts[1:4]) if len(parts) == 6 else http_date  # noqa: PLR2004 - the words of such a date


def revoke_other(name: str) -> str:
    return f"Revoke the key {name}? Whatever uses it, on whichever computer, stops working at once."


def revoke_own(name: str) -> str:
    return (
        f"This computer uses the key {name}. Revoked, it opens nothing any more, and notebooks here stop working until "
        "there is a new one. To be rid of the old key without a gap, replace it."
    )


def terms_text_label(name: str) -> str:
    return f"Terms of service: {name}"


def steps_done(done: int, total: int) -> str:
    return f"{done} of {total}"


def where(datastack: str, host: str) -> str:
    return f"{datastack} on {host}"


def checked_at(clock: str) -> str:
    return f"checked {clock}"


def took(seconds: float) -> str:
    return f"{seconds:.1f} s" if round(seconds, 1) else "< 0.1 s"


def announce(title: str, state: str, summary: str) -> str:
    """Say to a screen reader what changed."""
    return f"{title}: {state}. {summary}"


RUN_THIS_CELL = (
    "Run this cell to set this computer up for CAVE: account, terms of service, token, saved and verified. "
    "The wizard appears here while the notebook's kernel runs. If it does not appear, go on without it."
)
FRONT_END_MISSING = (
    "The wizard could not draw itself here. Its JavaScript comes with the Python package “anywidget”, which must be "
    "installed where JupyterLab runs, not only where the kernel runs. Install it there and reload the page, or go on "
    "without it."
)
WIZARD_IN_TERMINAL = "The wizard is drawn in JupyterLab or Notebook 7, and not in a terminal. Go on without it."
WITHOUT_WIDGETS = (
    ("In a new cell, with questions and hidden answers:", "%load_ext cave_setup\n%cave_setup --text"),
    ("Or in a terminal of the computer that runs this code:", "cave-setup login"),
)
NOBODY_CAN_ANSWER = (
    "Nobody can be asked anything here. Run this cell in JupyterLab or Notebook 7, or “cave-setup login” in a "
    "terminal; where this place has secrets, mount the token as one (“%cave_setup guide” says how)."
)
PASTE_OR_ENTER = "Press Enter here once you have signed in, or paste: "
STOPPED = "Stopped, and nobody waits for a sign-in any more. What was saved before stays; run the cell again to go on."
SUMMARY_RAN = "CAVE Setup for {where}, as found at {when}"
NO_TOKEN_HERE = "A token is never typed into a cell. Run %cave_setup without it, and paste it there."
ARGUMENTS_HERE = (
    "%cave_setup alone shows the wizard; “status” the findings only, “guide” how the token is kept here. "
    "The name of a datastack goes after --datastack, that of a server after --server."
)

# --------------------------------------------------------------------------------------- signing in in a terminal

NO_TOKEN_ON_COMMAND_LINE = (
    "a token is never typed on the command line, where other people and the shell's history can see it. "
    "Run “cave-setup login” and paste it there."
)
LOGIN_PASTE_NOW = "Paste your token and press Enter; it does not show. Spaces, quotes and whole downloads are fine."


def login_begin(host: str, *, opens: bool) -> str:
    opening = "Your browser opens this page; if it does not, open it yourself" if opens else "Open this page"
    return (
        f"Sign in to {host} with the Google account that you use for CAVE, or want to. A first sign-in makes the "
        "account, and everything else follows by itself.\n"
        "If the page cannot be opened, because your browser runs on another computer than this program, paste its "
        "address here. Or paste a token that you have. What you paste does not show; end it with Enter.\n"
        f"{opening}:"
    )


LOGIN_ELSEWHERE = (
    "That page is on this computer, and your browser runs on another one. Nobody has signed in yet.\n"
    "Sign in at the address below instead. The browser then ends on a page of 127.0.0.1 that it cannot open, as is to "
    "be expected: copy the address of that page from the address bar and paste it here. There is a sign-in token in "
    "it, which is ended at once."
)


def login_candidate(masked: str, description: str, created: str) -> str:
    return "  ".join(part for part in (f"  {masked}", description, created) if part)


LOGIN_SEVERAL_REMEDY = "Paste just the one that this computer shall use."
LOGIN_YES_OR_NO = {True: "[Y/n]", False: "[y/N]"}
LOGIN_MAKE_KEY = "This is a sign-in token, which stops working within 7 days. Have a lasting key made with it?"


def login_terms_on_page(name: str, page: str) -> str:
    return f"The terms “{name}” stand open. Read them, and accept them if you agree, on the server's page:\n{page}"


def login_terms(name: str, text: str, page: str) -> str:
    return f"\n{terms_text_label(name)}\n\n{text}\n\nThey are also on the server's page: {page}"


LOGIN_TERMS_QUESTION = "Do you accept these terms? Type “yes” to accept: "
LOGIN_SAVE = "Save the token that was found?"
LOGIN_THIS_RUN_ONLY = f"{HOME_LOST} Save for this run only?"


def login_damaged(shown: str, fault: str) -> str:
    return f"{file_damaged(shown, fault)}. {DAMAGED_REMEDY} Save?"


def login_replace(masked: str, shown: str) -> str:
    return f"{different_token_there(masked, shown)} Replace it?"


# ------------------------------------------------------------------------------------------- help in a terminal

EXIT_CODES = (
    "ready",
    "something is left to do",
    "wrong usage, or text without a token",
    "the server could not be asked",
    "the server refused the token that was just given",
)


def exit_codes() -> str:
    return f"Exit codes: {'; '.join(f'{code} {meaning}' for code, meaning in enumerate(EXIT_CODES))}."


# --------------------------------------------------------------------------------------- deployments and datastacks


def did_you_mean(host: str) -> str:
    return f"Did you mean {host}? Then change the server."


def datastack_is_on(datastack: str, host: str) -> str:
    return f"{datastack} is known to be on {host}: change the server, or check the name for a typing mistake."


def address_is_nearly_known(host: str, known: str) -> tuple[str, str]:
    return (
        f"{host} is no CAVE server that is known here, but nearly named as one.",
        f"Did you mean {known}? Nothing has been sent yet.",
    )


def datastack_elsewhere(datastack: str, home: str, host: str) -> tuple[str, str]:
    return f"{datastack} is known to be on {home}, not on {host}.", "Which one do you mean?"


def datastack_is_nearly_known(typed: str, known: str) -> tuple[str, str]:
    return f"No datastack called {typed} is known there.", f"Did you mean {known}?"


LABEL_DEPLOYMENTS = "Known deployments"
BUTTON_AS_TYPED = "Use it as typed"
LISTING_DATASTACKS = "Asking which datastacks there are and which are open to you …"
DATASTACKS_KNOWN = "Known to be there. Which ones are open to you is asked once you have signed in."
DATASTACKS_LATER = "Once you have signed in, the server's datastacks are listed here."
DATASTACKS_OF_ANOTHER = "Another server: its datastacks are listed once it is used."
NO_SUCH_DATASTACK = "None of these has that in its name; “Use these” tries it all the same."


def datastacks_of(host: str) -> str:
    return f"What there is on {host}"


def datastacks_listed(count: int, are_open: int) -> str:
    return f"{count} datastack{'' if count == 1 else 's'}, {are_open} open to you"


def datastack_state(verdict: str, terms: str) -> str:
    return {
        "open": "open to you",
        "terms": f"terms not accepted yet: {terms}",
        "no-permission": "not open to your account",
        "unknown": "asked when chosen",
    }[verdict]


def use_instead(datastack: str, host: str) -> str:
    return f"Use {where(datastack, host)}"


# -------------------------------------------------------------------------------------------- the tour of the demo


def not_a_demo(address: str) -> str:
    return f"The tour plays at a demo server only, and {address or 'the address given'} is none."


NOT_A_DEMO_REMEDY = "Start one with “cave-setup demo” and open the notebook there, or open it on Binder."
