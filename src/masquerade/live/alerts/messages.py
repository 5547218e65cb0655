"""What an alert says, in words, in one small table. The visitor's own words are the kiosk's."""

from __future__ import annotations

from masquerade.live.alerts.types import Alert

MESSAGES: dict[str, tuple[str, str, str]] = {
    "en": ("Somebody without a mask", "Somebody wears the mask wrongly", "Test alert"),
    "de": ("Jemand trägt keine Maske", "Jemand trägt die Maske falsch", "Testalarm"),
    "fr": ("Une personne ne porte pas de masque", "Une personne porte mal son masque", "Alerte de test"),
    "es": ("Alguien no lleva mascarilla", "Alguien lleva mal la mascarilla", "Alerta de prueba"),
    "it": ("Qualcuno non indossa la mascherina", "Qualcuno indossa male la mascherina", "Avviso di prova"),
    "pt": ("Alguém está sem máscara", "Alguém tem a máscara mal colocada", "Alerta de teste"),
    "nl": ("Iemand draagt geen mondkapje", "Iemand draagt het mondkapje verkeerd", "Testmelding"),
    "pl": ("Ktoś nie ma maseczki", "Ktoś ma źle założoną maseczkę", "Alarm próbny"),
    "tr": ("Birisi maske takmıyor", "Birisi maskeyi yanlış takıyor", "Deneme uyarısı"),  # noqa: RUF001 - Turkish
    "uk": ("Хтось без маски", "Хтось неправильно носить маску", "Пробне сповіщення"),
    "ru": ("Кто-то без маски", "Кто-то неправильно носит маску", "Пробное оповещение"),
    "ar": ("شخص لا يرتدي كمامة", "شخص لا يرتدي الكمامة بشكل صحيح", "تنبيه تجريبي"),
    "zh": ("有人未戴口罩", "有人未正确佩戴口罩", "测试警报"),
    "ja": ("マスクを着けていない人がいます", "マスクを正しく着けていない人がいます", "テスト通知"),
}
"""By language: no mask, a mask worn wrongly, a test."""
LANGUAGES = tuple(MESSAGES)


def message_of(alert: Alert, language: str) -> str:
    """Say an alert in one line: what, where, and when on the sender's clock."""
    absent, wrong, test = MESSAGES[language]
    what = test if alert.test else wrong if alert.wearing == "incorrect" else absent
    return f"{what}: {alert.source}, {alert.at.astimezone():%H:%M:%S}"


def title_of(alert: Alert, language: str) -> str:
    """Say what an alert is about, without where and when."""
    return message_of(alert, language).split(":")[0]
