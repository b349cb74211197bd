/* A name server for benchmarks, on one thread: it answers each A question with a fixed number of addresses.
 *
 * _responder ADDRESSES LOSS_PER_MILLE [SEED [TTL]]
 *
 * Binds 127.0.0.1 on a free port, prints it and its process id, and serves until its standard input ends; then it
 * prints how many it received, answered and dropped, and the CPU seconds it used. The addresses are made from the name
 * alone (FNV-1a of its lower-cased labels): asked again, a name has the same ones, and who asks can tell a wrong answer.
 * A name whose first label begins with `flux-` has others each time it is asked for.
 * The question is repeated as it came, its case included; where there is an OPT record, one comes back. Datagrams are
 * read and written in batches (recvmmsg, sendmmsg), so that the server is not what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define MOST_ADDRESSES 80
#define PACKET 2048

static unsigned char in[BATCH][PACKET], out[BATCH][PACKET];
static struct mmsghdr heads[BATCH], answers[BATCH];
static struct iovec in_at[BATCH], out_at[BATCH];
static struct sockaddr_in peers[BATCH];
static unsigned long received, answered, dropped;
static uint64_t state;
static uint32_t ttl = 60;

static uint32_t dice(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ULL) >> 32);
}

static uint32_t next_address(uint32_t value) { return value * 1664525u + 1013904223u; }

/* Return the answer's length, 0 where the packet is no question that we answer. */
static int answer(const unsigned char *q, int length, unsigned char *a, int addresses) {
    if (length < 17 || q[2] & 0x80 || q[4] || q[5] != 1) return 0;
    int at = 12;
    uint32_t hash = 2166136261u;
    while (at < length && q[at]) {
        int label = q[at];
        if (label > 63 || at + label + 1 >= length) return 0;
        for (int i = 0; i <= label; i++) {
            unsigned char c = q[at + i];
            if (i && c >= 'A' && c <= 'Z') c |= 0x20;
            hash = (hash ^ c) * 16777619u;
        }
        at += label + 1;
    }
    at += 5;
    if (at > length) return 0;
    int edns = q[11] && at + 11 <= length && q[at] == 0 && q[at + 1] == 0 && q[at + 2] == 41;
    if (q[12] > 5 && !strncasecmp((const char *)q + 13, "flux-", 5)) hash ^= dice();
    int wanted = q[at - 4] == 0 && q[at - 3] == 1;
    memcpy(a, q, at);
    a[2] = 0x80 | (q[2] & 1), a[3] = 0x80;
    a[6] = 0, a[7] = wanted ? addresses : 0;
    a[8] = a[9] = a[10] = 0, a[11] = edns;
    if (wanted)
        for (int i = 0; i < addresses; i++) {
            static const unsigned char record[12] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4};
            uint32_t seconds = htonl(ttl);
            memcpy(a + at, record, 12);
            memcpy(a + at + 6, &seconds, 4);
            hash = next_address(hash);
            uint32_t address = htonl(hash);
            memcpy(a + at + 12, &address, 4);
            at += 16;
        }
    if (edns) {
        static const unsigned char opt[11] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
        memcpy(a + at, opt, 11);
        at += 11;
    }
    return at;
}

static int open_socket(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    if (fd < 0) return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&own, sizeof own) || getsockname(fd, (struct sockaddr *)&own, &length)) return -1;
    printf("%d %d\n", ntohs(own.sin_port), getpid());
    fflush(stdout);
    return fd;
}

static void serve(int fd, int addresses, unsigned loss) {
    for (;;) {
        struct pollfd ready[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
        int count = recvmmsg(fd, heads, BATCH, MSG_DONTWAIT, NULL);
        if (count < 0) {
            if (errno != EAGAIN && errno != ECONNREFUSED && errno != EINTR) return;
            poll(ready, 2, -1);
            if (ready[1].revents) return;
            continue;
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            received++;
            if (loss && dice() % 1000 < loss) {
                dropped++;
            } else {
                int length = answer(in[i], heads[i].msg_len, out[kept], addresses);
                if (length) {
                    out_at[kept].iov_len = length;
                    answers[kept].msg_hdr.msg_name = &peers[i];
                    answers[kept++].msg_hdr.msg_namelen = heads[i].msg_hdr.msg_namelen;
                }
            }
            heads[i].msg_hdr.msg_namelen = sizeof peers[i];
        }
        for (int sent = 0; sent < kept;) {
            int done = sendmmsg(fd, answers + sent, kept - sent, 0);
            sent += done > 0 ? done : 1; /* who closed his socket gets nothing */
        }
        answered += kept;
    }
}

int main(int count, char **words) {
    if (count < 3) return fprintf(stderr, "usage: %s ADDRESSES LOSS_PER_MILLE [SEED]\n", words[0]), 2;
    int addresses = atoi(words[1]);
    state = 88172645463325252ULL + (count > 3 ? strtoull(words[3], NULL, 10) : 0);
    if (count > 4) ttl = (uint32_t)strtoul(words[4], NULL, 10);
    if (addresses < 0 || addresses > MOST_ADDRESSES) return fprintf(stderr, "0 to %d addresses\n", MOST_ADDRESSES), 2;
    for (int i = 0; i < BATCH; i++) {
        in_at[i] = (struct iovec){in[i], PACKET};
        out_at[i] = (struct iovec){out[i], PACKET};
        heads[i].msg_hdr = (struct msghdr){.msg_iov = &in_at[i], .msg_iovlen = 1, .msg_name = &peers[i], .msg_namelen = sizeof peers[i]};
        answers[i].msg_hdr = (struct msghdr){.msg_iov = &out_at[i], .msg_iovlen = 1};
    }
    int fd = open_socket();
    if (fd < 0) return perror("socket"), 1;
    serve(fd, addresses, (unsigned)atoi(words[2]));
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%lu %lu %lu %.3f\n", received, answered, dropped,
           used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
