"""An ARM board without the board: an aarch64 sysroot, qemu-user and a plugin that counts instructions."""
