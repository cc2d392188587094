// A unikernel for arm64: prints its command line on the serial port, then powers the machine off.
//
// There is no operating system below this code: the virtual machine's processor starts at `start`,
// and from there on these are the only instructions that run.
//
// To read it: x0 to x30 are the processor's registers, of 64 bits each, and w0 is the lower half of x0.
// `mov x0, x1` copies x1 to x0, `ldr x0, =N` makes x0 the number N, `ldr x0, [x1]` reads x0 from memory at
// address x1, and `str` writes it there; `[x1], #4` adds 4 to x1 afterwards. `bl` and `ret` go and come back,
// `b…` jumps. Devices are read and written like memory.

// The machine is QEMU's `virt`: https://www.qemu.org/docs/master/system/arm/virt.html
// It puts the device tree at the start of its memory when the kernel is an ELF file, as this one is.
        .equ    DEVICE_TREE, 0x40000000

// The serial port, a PL011. The device tree says where it is, too; but it has been here since there is a
// `virt`, and a fixed address keeps this file short.
        .equ    SERIAL_PORT, 0x09000000

// The most that is read of the command line, in bytes.
        .equ    COMMAND_LINE_LIMIT, 4096


        .text
        .global start

start:
        bl      open_serial_port

        adr     x0, greeting
        bl      print

        bl      find_command_line
        cbz     x0, end_line            // zero: there is none
        bl      print

end_line:
        adr     x0, line_end
        bl      print
        b       power_off

greeting:
        .asciz  "hello from a unikernel: "
line_end:
        .asciz  "\r\n"                  // a serial line wants both
        .balign 4


// The device tree: a description of the machine, which also holds the command line, as the property
// `bootargs` of the node /chosen. No other node has a property of that name, so we look at all of them.
//
// It is a sequence of 4-byte words, most significant byte first (`rev` turns them into our order):
//   1, a name                          a node begins
//   2                                  a node ends
//   3, length, name's place, value     a property
//   4                                  nothing
//   9                                  the end
// Names of nodes and values are filled up to whole words. https://www.devicetree.org/specifications/

        .equ    MAGIC, 0xd00dfeed       // the tree's first word
        .equ    NODE, 1
        .equ    NODE_END, 2
        .equ    PROPERTY, 3
        .equ    NOTHING, 4

// Returns the address of the command line in x0, or 0 when there is none.
find_command_line:
        ldr     x1, =DEVICE_TREE
        ldr     w2, [x1]
        rev     w2, w2
        ldr     w3, =MAGIC
        cmp     w2, w3
        b.ne    not_found

        ldr     w2, [x1, #12]           // x2 = where the names of properties are
        rev     w2, w2
        add     x2, x1, x2
        ldr     w0, [x1, #8]            // x0 = where the sequence starts; it moves on as we read
        rev     w0, w0
        add     x0, x1, x0

next_word:
        ldr     w3, [x0], #4
        rev     w3, w3
        cmp     w3, #PROPERTY
        b.eq    property
        cmp     w3, #NODE
        b.eq    node
        cmp     w3, #NODE_END
        b.eq    next_word
        cmp     w3, #NOTHING
        b.eq    next_word
not_found:
        mov     x0, #0
        ret

node:
        ldrb    w3, [x0], #1            // skips the name, which ends with a zero byte
        cbnz    w3, node
fill_word:
        add     x0, x0, #3              // x0 = the next multiple of 4
        and     x0, x0, #~3
        b       next_word

property:
        ldr     w3, [x0], #4            // x3 = length of the value
        rev     w3, w3
        ldr     w4, [x0], #4            // x4 = address of the name
        rev     w4, w4
        add     x4, x2, x4
        adr     x5, bootargs
compare_names:
        ldrb    w6, [x4], #1
        ldrb    w7, [x5], #1
        cmp     w6, w7
        b.ne    other_property
        cbnz    w6, compare_names
        ret                             // x0 = address of the value

other_property:
        add     x0, x0, x3
        b       fill_word

bootargs:
        .asciz  "bootargs"
        .balign 4


// The serial port.

        .equ    DATA, 0x00              // the next byte to send
        .equ    FLAGS, 0x18
        .equ    SPEED, 0x24             // 24 MHz / 16 / the bits a second: the whole part,
        .equ    SPEED_FRACTION, 0x28    // and the rest in 64ths
        .equ    LINE_CONTROL, 0x2c
        .equ    CONTROL, 0x30
        .equ    BUSY, 1 << 3            // in FLAGS: not everything is sent
        .equ    EIGHT_BITS, 3 << 5      // in LINE_CONTROL: 8 bits a byte, no parity, 1 stop bit
        .equ    ENABLE, 1 << 0 | 1 << 8 // in CONTROL: the port, and sending

open_serial_port:
        ldr     x1, =SERIAL_PORT
        str     wzr, [x1, #CONTROL]     // off while it is set up
        mov     w2, #13                 // 13 and 1/64: 115200 bits a second
        str     w2, [x1, #SPEED]
        mov     w2, #1
        str     w2, [x1, #SPEED_FRACTION]
        mov     w2, #EIGHT_BITS
        str     w2, [x1, #LINE_CONTROL]
        mov     w2, #ENABLE
        str     w2, [x1, #CONTROL]
        ret

// Prints the text at x0: up to a zero byte, or COMMAND_LINE_LIMIT bytes.
print:
        ldr     x1, =SERIAL_PORT
        mov     w2, #COMMAND_LINE_LIMIT
next_byte:
        ldrb    w3, [x0], #1
        cbz     w3, printed
        str     w3, [x1, #DATA]

        // Waits until it is sent. Not for ever: a broken port must not keep us.
        ldr     w4, =100000
ask_again:
        ldr     w5, [x1, #FLAGS]
        tst     w5, #BUSY
        b.eq    sent
        subs    w4, w4, #1
        b.ne    ask_again
sent:
        subs    w2, w2, #1
        b.ne    next_byte
printed:
        ret


// Powering off, which never returns. It is a call to the hypervisor or to the firmware, by Arm's PSCI:
// https://developer.arm.com/documentation/den0022/latest/

        .equ    SYSTEM_OFF, 0x84000008
        .equ    EL2, 2 << 2             // in CurrentEL

power_off:
        ldr     w0, =SYSTEM_OFF
        mrs     x1, CurrentEL
        cmp     x1, #EL2
        b.eq    no_hypervisor
        hvc     #0                      // a call to the hypervisor
no_hypervisor:
        smc     #0                      // a call to the firmware, when we run in the hypervisor's place
stop:
        wfi                             // sleeps, should neither answer
        b       stop
