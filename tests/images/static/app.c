/* A static program for images that hold nothing else: a small HTTP service by
 * default, and one subcommand for each way a program under test can behave. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define VERSION "1.0.0"

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__arm__)
#define ARCH "arm"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH "ppc64le"
#elif defined(__s390x__)
#define ARCH "s390x"
#else
#error "name this architecture"
#endif

static int fail(const char *what) {
  fprintf(stderr, "app: %s: %s\n", what, strerror(errno));
  return 1;
}

/* Writes all of it, or says why not. */
static int write_all(int to, const char *from, size_t length) {
  while (length > 0) {
    ssize_t written = write(to, from, length);
    if (written < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    from += written;
    length -= (size_t)written;
  }
  return 0;
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

static void answer(int client) {
  char request[2048], reply[512];
  const char *status = "200 OK", *type = "text/plain", *body = "ok\n";
  ssize_t length = read(client, request, sizeof request - 1);
  if (length <= 0) return;
  request[length] = 0;
  if (strncmp(request, "GET /version ", 13) == 0) {
    type = "application/json";
    body = "{\"version\":\"" VERSION "\",\"arch\":\"" ARCH "\"}\n";
  } else if (strncmp(request, "GET /healthz ", 13) != 0) {
    status = "404 Not Found";
    body = "not found\n";
  }
  int size = snprintf(reply, sizeof reply,
                      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                      "Connection: close\r\n\r\n%s",
                      status, type, strlen(body), body);
  if (write_all(client, reply, (size_t)size) == 0) shutdown(client, SHUT_WR);
}

static int serve(void) {
  const char *port = getenv("PORT");
  int number = port ? atoi(port) : 8080, yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)number),
                                .sin_addr.s_addr = htonl(INADDR_ANY)};
  signal(SIGTERM, stop); /* PID 1 has no default action */
  signal(SIGINT, stop);
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) return fail("socket");
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) return fail("bind");
  if (listen(listener, 64) < 0) return fail("listen");
  printf("listening on %d\n", number);
  fflush(stdout);
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return fail("accept");
    }
    struct timeval patience = {.tv_sec = 5};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    answer(client);
    close(client);
  }
}

/* 1 GiB, in lines of 64 bytes. */
static int flood(void) {
  static char block[1 << 16];
  memset(block, 'x', sizeof block);
  for (size_t at = 63; at < sizeof block; at += 64) block[at] = '\n';
  for (int written = 0; written < (1 << 30) / (int)sizeof block; written++)
    if (write_all(1, block, sizeof block) < 0) return fail("write");
  return 0;
}

static int hang(void) {
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  for (;;) pause();
}

/* Children without end, some 200 a second; each of them stays. */
static int fork_on(void) {
  for (;;) {
    if (fork() == 0)
      for (;;) pause();
    usleep(5000);
  }
}

static int echo(void) {
  static char block[1 << 16];
  ssize_t length;
  while ((length = read(0, block, sizeof block)) > 0)
    if (write_all(1, block, (size_t)length) < 0) return fail("write");
  return length < 0 ? fail("read") : 0;
}

static int usage(void) {
  fputs("usage: app [version|crash|flood|hang|exit N|env NAME|fork|echo|stderr TEXT]\n", stderr);
  return 64;
}

int main(int count, char **words) {
  const char *command = count > 1 ? words[1] : "serve", *word = count > 2 ? words[2] : NULL;
  if (strcmp(command, "serve") == 0) return serve();
  if (strcmp(command, "version") == 0) return puts("static " VERSION " " ARCH) < 0;
  if (strcmp(command, "crash") == 0) abort();
  if (strcmp(command, "flood") == 0) return flood();
  if (strcmp(command, "hang") == 0) return hang();
  if (strcmp(command, "fork") == 0) return fork_on();
  if (strcmp(command, "echo") == 0) return echo();
  if (word && strcmp(command, "exit") == 0) return atoi(word);
  if (word && strcmp(command, "stderr") == 0) return fprintf(stderr, "%s\n", word) < 0;
  if (word && strcmp(command, "env") == 0) {
    const char *value = getenv(word);
    if (!value) return 1;
    return puts(value) < 0;
  }
  return usage();
}
