/*
 * Reaches shared memory, semaphores and queues of another program. shared-memory <way> <id or name>
 * Family: shared-memory
 * Facts: System V objects are found by number and guarded by the user id alone (man 7 sysvipc); POSIX ones are files of
 * /dev/shm and of mqueue (man 7 shm_overview, mq_overview). Landlock sees neither System V nor mq_open.
 * Witness: the neighbour's segment, semaphore or queues changed or gone; their secrets in the output.
 * Cases: name | what it tries | attack | twin | marks
 *   shmat | read a System V segment | shmat {shm} | own-anonymous - | event=syscall
 *   shmat-write | write a System V segment | shmat-write {shm} | own-anonymous - | event=syscall
 *   shmctl-remove | remove a System V segment | shmctl-remove {shm} | own-anonymous - | event=syscall
 *   semctl-set | set a semaphore | semctl-set {sem} | own-anonymous - | event=syscall
 *   semop | raise a semaphore | semop {sem} | own-anonymous - | event=syscall
 *   semtimedop | raise a semaphore with a time limit | semtimedop {sem} | own-anonymous - | event=syscall
 *   msgrcv | take a message | msgrcv {msg} | own-anonymous - | event=syscall
 *   msgsnd | forge a message | msgsnd {msg} | own-anonymous - | event=syscall
 *   msgctl-remove | remove a message queue | msgctl-remove {msg} | own-anonymous - | event=syscall
 *   shm_open | read POSIX shared memory | shm_open {posix} | own-posix {posix}-own | event=file.read,file.write,file.delete,file.create
 *   shm_open-write | write POSIX shared memory | shm_open-write {posix} | own-posix {posix}-own | event=file.read,file.write,file.delete,file.create
 *   shm_unlink | remove POSIX shared memory | shm_unlink {posix} | own-posix {posix}-own | event=file.read,file.write,file.delete,file.create
 *   mq_receive | take a POSIX message | mq_receive {posix} | own-anonymous - | event=syscall
 *   mq_unlink | remove a POSIX queue | mq_unlink {posix} | own-anonymous - | event=syscall surface
 */
#include "attack.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *target = argument(argc, argv, 2);
  int id = atoi(target);
  struct {
    long type;
    char text[32];
  } message = {.type = 1};
  if (is(way, "shmat")) {
    char *memory = shmat(id, NULL, SHM_RDONLY);
    if (memory == (void *)-1) refused(way, errno);
    reached(memory);
  } else if (is(way, "shmat-write")) {
    char *memory = shmat(id, NULL, 0);
    if (memory == (void *)-1) refused(way, errno);
    strcpy(memory, "overwritten");
  } else if (is(way, "shmctl-remove")) must(way, shmctl(id, IPC_RMID, NULL));
  else if (is(way, "shmctl-info")) {
    struct shmid_ds status;
    must(way, shmctl(0, 13 /* SHM_STAT */, &status));
  } else if (is(way, "semctl-set")) must(way, semctl(id, 0, SETVAL, 7));
  else if (is(way, "semop")) {
    struct sembuf change = {.sem_op = 1};
    must(way, semop(id, &change, 1));
  } else if (is(way, "semtimedop")) {
    struct sembuf change = {.sem_op = 1};
    struct timespec wait = {.tv_sec = 1};
    must(way, semtimedop(id, &change, 1, &wait));
  } else if (is(way, "msgrcv")) {
    must(way, msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT));
    reached(message.text);
  } else if (is(way, "msgsnd")) {
    strcpy(message.text, "forged");
    must(way, msgsnd(id, &message, sizeof message.text, IPC_NOWAIT));
  } else if (is(way, "msgctl-remove")) must(way, msgctl(id, IPC_RMID, NULL));
  else if (is(way, "shm_open")) reached_content((int)must(way, shm_open(target, O_RDONLY, 0)), "read");
  else if (is(way, "shm_open-write")) {
    int descriptor = (int)must(way, shm_open(target, O_RDWR, 0));
    must("write", pwrite(descriptor, "overwritten", 11, 0));
  } else if (is(way, "shm_unlink")) must(way, shm_unlink(target));
  else if (is(way, "mq_receive")) {
    char buffer[8192] = "";
    mqd_t queue = (mqd_t)must("mq_open", mq_open(target, O_RDONLY | O_NONBLOCK));
    must(way, mq_receive(queue, buffer, sizeof buffer, NULL));
    reached(buffer);
  } else if (is(way, "mq_unlink")) must(way, mq_unlink(target));
  else if (is(way, "mq_create")) {
    mqd_t queue = (mqd_t)must("mq_open", mq_open(target, O_CREAT | O_RDWR, 0600, NULL));
    (void)queue;
    mq_unlink(target);
  } else if (is(way, "own-posix")) {
    /* allowed: shared memory of its own, found again by a second process */
    int descriptor = (int)must("shm_open", shm_open(target, O_CREAT | O_RDWR | O_EXCL, 0600));
    must("ftruncate", ftruncate(descriptor, 4096));
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) refused("mmap", errno);
    strcpy(memory, "own");
    pid_t child = fork();
    if (child == 0) _exit(shm_open(target, O_RDONLY, 0) < 0);
    int status = 1;
    waitpid(child, &status, 0);
    shm_unlink(target);
    if (status != 0) refused("a child opens it", EACCES);
  } else if (is(way, "own-anonymous")) {
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) refused("mmap", errno);
    int descriptor = (int)must("memfd_create", memfd_create("own", 0));
    must("ftruncate", ftruncate(descriptor, 4096));
  } else {
    errno = EINVAL;
    broken("way");
  }
  reached(way);
}
