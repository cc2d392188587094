# A unikernel for amd64: prints its command line on the serial port, then powers the machine off.
#
# There is no operating system below this code: the virtual machine's processor starts at `start`,
# and from there on these are the only instructions that run.
#
# To read it: eax, ebx, ecx and so on are the processor's registers, of 32 bits each; al is the lowest byte
# of eax, ah the next one, ax both. `mov a, b` copies b to a, and [a] is what is in memory at address a.
# `call` and `ret` go and come back, `j…` jumps. Devices have numbered ports, for `in` and `out`.

        .intel_syntax noprefix
        .code32                         # PVH starts the processor in 32-bit mode, and that will do

# The most that is read of the command line, in bytes.
        .equ    COMMAND_LINE_LIMIT, 4096

# The way in. An ELF note of this name and type makes the file a PVH kernel, which QEMU's -kernel starts:
# https://xenbits.xen.org/docs/unstable/misc/pvh.html
        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 8, 18                # bytes in the name, bytes in the value, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .quad   start


        .text
        .global start

# Here ebx holds the address of a table, hvm_start_info, which says where the command line is.
start:
        mov     esp, offset stack_end   # `call` keeps the way back on the stack
        cld                             # `lodsb` goes upwards
        call    open_serial_port

        mov     esi, offset greeting
        call    print

        mov     esi, [ebx + 24]         # hvm_start_info.cmdline_paddr
        test    esi, esi
        jz      end_line                # zero: there is none
        call    print

end_line:
        mov     esi, offset line_end
        call    print
        call    wait_until_sent
        jmp     power_off

greeting:
        .asciz  "hello from a unikernel: "
line_end:
        .asciz  "\r\n"                  # a serial line wants both


# The serial port: a 16550 at the place where PCs have the first one, COM1.

        .equ    COM1, 0x3f8
        .equ    DATA, COM1              # the next byte to send
        .equ    INTERRUPTS, COM1 + 1
        .equ    LINE_CONTROL, COM1 + 3
        .equ    MODEM_CONTROL, COM1 + 4
        .equ    LINE_STATUS, COM1 + 5
        .equ    SPEED_LOW, COM1         # instead of DATA and INTERRUPTS, while SET_SPEED is on:
        .equ    SPEED_HIGH, COM1 + 1    # 115200 bits a second divided by this number
        .equ    SET_SPEED, 0x80         # in LINE_CONTROL
        .equ    EIGHT_BITS, 0x03        # in LINE_CONTROL: 8 bits a byte, no parity, 1 stop bit
        .equ    READY, 0x03             # in MODEM_CONTROL: we are here (DTR) and want to send (RTS)
        .equ    ALL_SENT, 0x40          # in LINE_STATUS

        .macro  write_port port, value
        mov     dx, \port
        mov     al, \value
        out     dx, al
        .endm

open_serial_port:
        write_port INTERRUPTS, 0        # off: `wait_until_sent` asks instead
        write_port LINE_CONTROL, SET_SPEED
        write_port SPEED_LOW, 1
        write_port SPEED_HIGH, 0
        write_port LINE_CONTROL, EIGHT_BITS
        write_port MODEM_CONTROL, READY
        ret

# Prints the text at esi: up to a zero byte, or COMMAND_LINE_LIMIT bytes.
print:
        mov     ecx, COMMAND_LINE_LIMIT
next_byte:
        lodsb                           # al = [esi], and esi moves on by one
        test    al, al
        jz      printed
        mov     ah, al
        call    wait_until_sent
        write_port DATA, ah
        loop    next_byte               # until ecx has counted down to zero
printed:
        ret

# Waits until the serial port has sent everything. Not for ever: a broken port must not keep us.
wait_until_sent:
        mov     edi, 100000
        mov     dx, LINE_STATUS
ask_again:
        in      al, dx
        test    al, ALL_SENT
        jnz     sent
        dec     edi
        jnz     ask_again
sent:
        ret


# Powering off, which never returns.

        .equ    POWER_CONTROL, 0x604    # ACPI's PM1a_CNT, where QEMU's machines pc and q35 have it
        .equ    SOFT_OFF, 0x2000        # in POWER_CONTROL: sleep type 0, which is "off", and the start bit

power_off:
        mov     dx, POWER_CONTROL
        mov     ax, SOFT_OFF
        out     dx, ax

        # The machine may take a moment.
        mov     ecx, 1000000
still_on:
        pause
        loop    still_on

        # Still on, so it has no such port; QEMU's microvm has none. What is left is a reset, which ends QEMU
        # when it was started with -no-reboot. An exception without any handlers makes one: a "triple fault".
        lidt    [no_handlers]
        ud2

no_handlers:
        .word   0                       # the size of the table of handlers
        .long   0                       # its address


        .bss
        .balign 16
        .skip   256
stack_end:
