"""How operating systems say it, in the texts of errno and of Windows, in English and Chinese, whoever passes it on."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    CLIENT,
    CONNECT,
    DNS,
    EXHAUSTED,
    GATEWAY,
    GAVE_UP,
    NETWORK,
    PROXY,
    REFUSED,
    RESET,
    TLS,
    UNREACHABLE,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_ERRNO = "https://man7.org/linux/man-pages/man3/errno.3.html"
_GAI = "https://man7.org/linux/man-pages/man3/gai_strerror.3.html"
_WINSOCK = "https://learn.microsoft.com/en-us/windows/win32/winsock/windows-sockets-error-codes-2"
_OPENSSL = "https://docs.openssl.org/master/man1/openssl-verification-options/"
_CGROUP = "https://docs.kernel.org/admin-guide/cgroup-v2.html#memory"
_LOCAL_PROXIES = "https://wiki.metacubex.one/en/config/inbound/port/"
_DATABASES = "https://www.postgresql.org/docs/current/runtime-config-connection.html"
_TCP = "https://man7.org/linux/man-pages/man7/tcp.7.html"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
SYSTEM: Final[tuple[Pattern, ...]] = (
    *rows(_GAI, 95, DNS, r"""
        temporary failure in name resolution   name or service not known   nodename nor servname provided
        no address associated with hostname   name does not resolve   non-recoverable failure in name resolution
        getaddrinfo failed   getaddrinfo:   couldn't resolve host   could ?n.t resolve host   could not resolve host
        unable to resolve host   failed to resolve host   cannot resolve (the )?host
        (unable|failed) to resolve (address|name|domain|hostname)   name resolution (failed|failure|error)
        failed to lookup address information   dns (resolution|lookup) (failed|failure|error|timed out)   \bnxdomain\b
        (dns|host(name)?|name) lookup (for|of) [^ ]{1,120} (failed|returned|timed|gave)
        \bservfail\b   dns server returned answer with no data   域名解析(失败|错误)   无法解析(主机|域名|服务器)
        dns 解析(失败|错误)   解析域名失败   name resolution (timed out|timeout)   dns error   dns timeout
    """),
    *rows(_WINSOCK, 95, DNS, r"""
        no such host is known   \b(winerror|errno|wsa)[ :]{0,8}1100[1-4]\b   不知道这样的主机
        requested name is valid, but no data   unknown host   server name or address could not be resolved
        the remote name could not be resolved
    """),
    *rows(_ERRNO, 88, REFUSED, r"""
        connection refused   \[errno (111|61)\]   os error (111|61)   connect: connection refused   拒绝连接
        连接被(对方|服务器|目标主机)?拒绝   connection was refused   verbindung verweigert   connexion refusée
    """),
    *rows(_WINSOCK, 90, REFUSED, r"""
        actively refused   \b(winerror|os error|errno|wsa)[ :]{0,8}10061\b   积极拒绝   远程计算机拒绝网络连接
        target machine refused   wsaeconnrefused
    """),
    *rows(_ERRNO, 84, RESET, r"""
        connection reset by peer   connection reset   \[errno (104|54)\]   os error (104|54)   connection was reset
        recv failure: connection   连接被(对方)?重(置|设)   连接已(被)?重置   software caused connection abort
        connection (was )?aborted by (the )?peer   连接被对端重置   \(104:
    """),
    *rows(_WINSOCK, 88, RESET, r"""
        forcibly closed by the remote host   \b(winerror|os error|errno|wsa)[ :]{0,8}10054\b   强迫关闭了一个现有的连接
        established connection was aborted by the software in your host   \b(winerror|os error|errno)[ :]{0,8}10053\b
        中止了一个已建立的连接   specified network name is no longer available   指定的网络名不再可用
        \bwinerror 64\b
    """),
    *rows(_ERRNO, 90, CONNECT, r"""
        \[errno (110|60)\]   os error (110|60)   connect(ion)? (to .{1,120} )?timed out   connect timed out
        connection timed out   operation timed out \(os error   timed out while connecting   timeout while connecting
        timed? ?out (while )?(trying to )?connect(ing)? to   连接超时   建立连接超时
        (?<!idle )(?<!idle-)connect(ion)? timeout
        could not connect .{0,60}timed? ?out   tcp connect timeout   超时未连接
    """),
    *rows(_WINSOCK, 92, CONNECT, r"""
        \b(winerror|os error|errno|wsa)[ :]{0,8}10060\b   did not properly respond after a period of time   没有正确答复
        semaphore timeout period has expired   信号灯超时时间已到   \bwinerror 121\b
    """),
    *rows(_ERRNO, 93, UNREACHABLE, r"""
        no route to host   host is unreachable   network is down   host is down   \[errno (101|113|51|65)\]
        os error (101|113|51|65)   network unreachable   网络(不可达|不可用|未连接)   没有到主机的路由
        destination (host|net|network) unreachable   无法访问网络   (you are|you're|appears? to be) offline
        no internet connection   未连接(到)?(互联网|网络)
    """),
    *rows(_WINSOCK, 93, UNREACHABLE, r"""
        \b(winerror|os error|errno|wsa)[ :]{0,8}1005[01]\b   unreachable network   unreachable host
        \b(winerror|os error|errno|wsa)[ :]{0,8}10065\b   套接字操作尝试一个无法连接的(主机|网络)
        向一个无法连接的网络尝试了一个套接字操作   远程主机可能不可访问
    """),
    *rows(_ERRNO, 66, GAVE_UP, r"broken pipe   \[errno 32\]"),
    *rows(_ERRNO, 98, EXHAUSTED, r"""
        too many open files   \[errno 24\]   no space left on device   cannot assign requested address
        cannot allocate memory   file table overflow   disk quota exceeded   address already in use
        no buffer space available   resource temporarily unavailable   can't start new thread
        unable to create (new )?native thread   only one usage of each socket address   磁盘空间不足
        lacked sufficient buffer space   \b(winerror|os error|errno|wsa)[ :]{0,8}10055\b
        can't allocate memory   defaultcpuallocator
        打开的文件(过多|太多)   内存不足   insufficient system resources   address (already )?in use   cannot fork
        out of file descriptors   port .{0,12}(is )?already in use   the paging file is too small
    """),
    *rows(_LOCAL_PROXIES, 97, PROXY, r"""
        refused.{0,60}(127\.0\.0\.1|localhost):(1080|1087|1089|3128|6152|7890|7891|7897|8118|10808|10809|20171)\b
        (127\.0\.0\.1|localhost):(1080|1087|1089|3128|6152|7890|7891|7897|8118|10808|10809|20171)\b.{0,60}refused
    """),
    *rows(_DATABASES, 97, REFUSED, r"""
        (psycopg|sqlalchemy|asyncpg|pymysql|pymongo|prisma|redis).{0,300}(connection refused|connect call failed)
    """, side=GATEWAY),
    *rows(_DATABASES, 96, EXHAUSTED, r"""
        too many clients already   max number of clients reached   remaining connection slots are reserved
    """, side=GATEWAY),
    *rows(_CGROUP, 93, EXHAUSTED, r"""
        oomkilled   oom[- ]?kill   out of memory: killed process   exit(ed)? (with )?(code|status):? 137\b
        container .{0,60}memory limit   killed process [0-9]{1,12}   \bsigkill\b.{0,40}(memory|oom)
        javascript heap out of memory   java heap space   (?<!torch.)(?<!cuda.)outofmemoryerror   \bmemoryerror\b
        exceeded (its |the )?memory limit   (not enough|insufficient) memory
    """),
    *rows("https://docs.nvidia.com/cuda/cuda-runtime-api/", 93, EXHAUSTED, r"""
        cuda out of memory   cuda error: out of memory   cudaerrormemoryallocation   cuda_error_out_of_memory
        hip out of memory   mps backend out of memory   out of (gpu|video|device) memory   显存不足
        cudamalloc failed   outofdevicememory   failed to allocate (cuda|gpu|metal|compute)
    """, side=UPSTREAM),
    *rows("https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/", 93, EXHAUSTED, r"""
        node was low on resource   diskpressure   memorypressure   insufficient (nvidia\.com/gpu|cpu|memory|ephemeral)
        pod was evicted   \bevicted\b.{0,60}kubelet
    """),
    *rows(_OPENSSL, 93, TLS, r"""
        certificate[ _]verify[ _]failed   unable to get local issuer certificate   self[- ]signed certificate
        certificate verify error   certificate signed by unknown authority   unable to verify the first certificate
        unknown ca\b   certificate is not trusted   server certificate verification failed   invalid peer certificate
        unknownissuer   untrusted (root|certificate)   证书(验证|校验)(失败|错误)   证书(不受信任|无效)
        ssl certificate problem   self_signed_cert   certificate (is )?not yet valid   certificate unknown
        bad certificate   ssl: no alternative certificate   invalid certificate   ssl certificate chain
        (in|invalid|incomplete|untrusted|broken) (the )?certificate chain
        certificate chain (could|can|is|was|error|invalid|incomplete|validation)
    """),
    *rows(_OPENSSL, 95, TLS, r"""
        certificate has expired   certificate is expired   cert has expired   certificate expired
        has expired or is not yet valid   证书已?过期   handshake failure   alert handshake   sslv3 alert
        tlsv1 alert   tls alert   unrecognized name   alert number [0-9]{1,12}   no protocols available
        unsupported protocol(?! scheme)   unsupported_protocol   no shared cipher   dh key too small
    """, side=UPSTREAM),
    *rows(_OPENSSL, 95, TLS, r"""
        hostname mismatch   certificate .{0,80}(doesn't|does not) match   hostname .{0,120}(doesn't|does not) match
        no alternative (dns|certificate subject) name   ip address mismatch   certificate is not valid for
        subject ?name.{0,30}mismatch   notvalidforname   certificate common name   remotecertificatenamemismatch
        certificate is valid for .{1,200}, not
    """),
    *rows(_OPENSSL, 89, TLS, r"""
        unexpected_eof_while_reading   (ssl|tls|openssl).{0,60}unexpected eof while reading
        eof occurred in violation of protocol
        unexpected eof during handshake   tls handshake eof   ssl_error_syscall   tls handshake (timeout|timed out)
        handshake (timed out|timeout)   ssl connection timeout
        (tls|ssl) handshake.{0,40}(connection )?(closed|reset|eof|terminated)   (握手|tls|ssl).{0,6}超时
        tls handshake error
    """, side=NETWORK),
    *rows(_OPENSSL, 88, TLS, r"""
        wrong[ _]version[ _]number   \bssl_?error\b   ssl routines   tls handshake failed   ssl handshake
        handshake failed   (tls|ssl) (error|failure|negotiation failed)
        packet length too long   (ssl|tls|routines)[a-z0-9_:]{0,60}:http request\b
        bad record mac   decryption failed or bad record   握手失败   无法建立 ?ssl
        could not create ssl/tls secure channel   secure channel (failure|support)   could not establish trust
    """, side=CLIENT),
    *rows(_TCP, 60, UPSTREAM_ERROR, r"""
        segmentation fault   \bsigsegv\b   core dumped   signal: (killed|aborted|segmentation)
    """),
)
# fmt: on
