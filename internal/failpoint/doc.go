// Package failpoint lets a process die at a named point, so that tests can show what a
// crash there leaves behind. Points exist only in binaries built with the tag failpoints;
// in every other Hit is empty and is compiled away, name and all.
//
// NOD_FAILPOINT=name:count kills the process by SIGKILL when it comes to the point for the
// count-th time, as the kernel or a power cut would: nothing is flushed and nothing is told.
//
// NOD_FAILPOINT=@file kills it at the point whose name the file holds, which may be written
// while the process runs. The file is gone then, so that the next process lives.
package failpoint
