"""Broken connections, clocks and rates in other languages: what systems and people say for closed, late, too often."""

# ruff: noqa: RUF001 - words of languages with letters of their own

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import CONNECT, FIRST_BYTE, IDLE, RATE, RESET, TRUNCATED
from outwait.diagnosis.pattern import Pattern, rows

_PLAIN = ""  # plain words have no page to be looked up on

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
TONGUES: Final[tuple[Pattern, ...]] = (
    *rows(_PLAIN, 76, RESET, r"""
        接続.{0,10}(リセット|切断|切れ|閉じられ|失われ)
        연결(이|을)? ?(재설정|초기화|끊|닫|종료|해제)
        (соединение|подключение) .{0,24}(сброшен|разорван|закрыт|прерван|потерян|оборван)
        (разрыв|обрыв|сброс) соединения
        verbindung .{0,40}(zurückgesetzt|geschlossen|abgebrochen|getrennt|verloren|unterbrochen)
        connexion .{0,24}(réinitialisée|fermée|interrompue|coupée|perdue)
        conexión .{0,24}(restablecida|reiniciada|cerrada|interrumpida|perdida|cortada|se (cerró|cortó|perdió))
        conexão .{0,24}(redefinida|reiniciada|fechada|encerrada|interrompida|perdida|caiu)
        (关闭|断开|重置)了(连接|链接)
    """),
    *rows(_PLAIN, 79, TRUNCATED, r"""
        (応答|レスポンス|回答|ストリーム|出力)(の|が)?途中.{0,12}(切れ|切断|途切れ|止ま|終了)
        (응답|스트림|답변|생성) ?(도중|중간).{0,16}(끊|종료|멈|중단)
        посреди (ответа|потока|генерации)   (ответ|поток|генерация) (обрыва|прерыва|оборвал|прервал)
        mitten (in der|im) (antwort|satz|stream)   (réponse|flux) .{0,12}(coupée?|tronquée?|interrompue?)\b
        (respuesta|flujo) .{0,12}(cortad|truncad|a mitad|a medias)
        (resposta|fluxo) .{0,12}(cortad|truncad|no meio|pela metade)
    """),
    *rows(_PLAIN, 80, CONNECT, r"""
        接続(が|の|に)?.{0,12}タイムアウト   연결.{0,12}(시간 ?(이 )?초과|타임아웃)
        (ожидани|таймаут|тайм-аут)[а-я]{0,3} .{0,12}(подключени|соединени)
        (подключени|соединени)[а-я]{1,3} .{0,12}(таймаут|тайм-аут|истекло)
    """),
    *rows(_PLAIN, 66, FIRST_BYTE, r"""
        応答(が(ない|ありません|得られません)|しません)   응답(하지 않|이 없)
        (сервер|модель) не (ответил|отвечает)   nicht (rechtzeitig )?geantwortet   keine antwort (vom|von|innerhalb)
        n'a pas répondu   (el servidor|el modelo|la api) no respond   (o servidor|o modelo|a api) não respond
    """),
    *rows(_PLAIN, 66, IDLE, r"""
        нет (новых )?(данных|токенов|событий|чанков) .{0,24}[0-9]
        [0-9] ?秒(間|以上)?.{0,6}(データ|チャンク|トークン|イベント).{0,8}(届か|来な|受信でき|ありません|なし)
        [0-9] ?초 ?(동안|이상).{0,6}(데이터|청크|토큰|이벤트).{0,8}(없|않)
    """),
    *rows(_PLAIN, 88, RATE, r"""
        リクエスト(数|回数)?(が|の)?(多すぎ|上限|過多|制限)
        (レート|アクセス|利用|リクエスト)の?(頻度|回数|数)?[のが]?(制限|上限|リミット)(に|を|中|超)
        アクセスが集中しすぎ   요청(이|을|가)? ?(너무|지나치게) ?(많|자주|빠)
        (요청|호출|사용) ?(한도|속도|빈도|횟수)(를|가|을|이)? ?(초과|제한)
        слишком (много|част)[а-я]{0,3} запрос   (превышен|исчерпан)[а-я]{0,2} (лимит|частот)[а-я]{0,2} (запрос|обращен)
        zu viele anfragen   anfragelimit   trop de (requêtes|demandes)   (demasiad[ao]s|muchas) (solicitudes|peticiones)
        (muitas|excesso de) (solicitações|requisições)   limite de (requêtes|solicitudes|peticiones|solicitações|
        requisições) .{0,12}(atteinte?|dépassée?|alcanzad|excedid|superad|atingid|ultrapassad)
        troppe richieste   zbyt wiele żądań   çok fazla istek   quá nhiều yêu cầu   terlalu banyak permintaan
    """),
)
# fmt: on
