/* Addresses of crypto currencies: Base58Check with its SHA-256 (FIPS 180-4) and Bech32 and Bech32m (BIP 173, BIP 350) have
 * check sums; Ethereum and Monero have those of Keccak, and are judged by how their signs are spread. */

#include <string.h>

#include "addresses.h"
#include "values.h"

#define DECODED 25   /* bytes of a Base58Check address: a version, a hash, four bytes of its check sum */
#define CHECKED 21
#define LONGEST 90   /* signs of a Bech32 address */
#define CHECK_SIGNS 6
#define BECH32 1u
#define BECH32M 0x2bc830a3u
#define ETHEREUM_LEAST 4
#define MONERO 95
#define MONERO_LEAST 20

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t word, unsigned by) { return word >> by | word << (32 - by); }

/* Hash up to 55 bytes, which are one block. */
static void sha256(const uint8_t *bytes, size_t length, uint8_t *hash)
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t now[8], words[64] = {0};
    for (size_t place = 0; place <= length; place++)
        words[place / 4] |= (uint32_t)(place < length ? bytes[place] : 0x80) << (24 - 8 * (place % 4));
    words[15] = (uint32_t)length * 8;
    for (size_t round = 16; round < 64; round++) {
        uint32_t far = words[round - 15], near = words[round - 2];
        words[round] = words[round - 16] + words[round - 7] + (turned(far, 7) ^ turned(far, 18) ^ far >> 3)
            + (turned(near, 17) ^ turned(near, 19) ^ near >> 10);
    }
    memcpy(now, state, sizeof now);
    for (size_t round = 0; round < 64; round++) {
        uint32_t first = now[7] + (turned(now[4], 6) ^ turned(now[4], 11) ^ turned(now[4], 25))
            + ((now[4] & now[5]) ^ (~now[4] & now[6])) + constants[round] + words[round];
        uint32_t second = (turned(now[0], 2) ^ turned(now[0], 13) ^ turned(now[0], 22))
            + ((now[0] & now[1]) ^ (now[0] & now[2]) ^ (now[1] & now[2]));
        memmove(now + 1, now, 7 * sizeof *now);
        now[4] += first;
        now[0] = first + second;
    }
    for (size_t place = 0; place < 32; place++)
        hash[place] = (uint8_t)((state[place / 4] + now[place / 4]) >> (24 - 8 * (place % 4)));
}

/* Read a number to the base 58 of as many zeros at its beginning as the bytes have; false where it has another sign. */
static bool read_base58(struct text address, const char *signs, uint8_t *bytes)
{
    uint64_t parts[4] = {0}; /* the last one is the lowest */
    for (size_t place = 0; place < address.length; place++) {
        const char *sign = address.bytes[place] ? strchr(signs, address.bytes[place]) : NULL;
        unsigned __int128 carry = sign ? (unsigned __int128)(sign - signs) : 0;
        for (size_t part = 4; part--; carry >>= 64) {
            carry += (unsigned __int128)parts[part] * 58;
            parts[part] = (uint64_t)carry;
        }
        if (!sign || parts[0] >> 8)
            return false;
    }
    size_t zeros = 0, before = 0;
    while (before < address.length && address.bytes[before] == (uint8_t)*signs)
        before++;
    for (size_t place = 0; place < DECODED; place++) {
        size_t shift = 8 * (DECODED - 1 - place);
        bytes[place] = (uint8_t)(parts[3 - shift / 64] >> shift % 64);
        zeros += zeros == place && !bytes[place];
    }
    return zeros == before;
}

static bool is_base58check(struct text address)
{
    static const char signs[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    static const char ripple[] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
    uint8_t bytes[DECODED], once[32], twice[32];
    if (!read_base58(address, *address.bytes == 'r' ? ripple : signs, bytes))
        return false;
    sha256(bytes, CHECKED, once);
    sha256(once, sizeof once, twice);
    return !memcmp(twice, bytes + CHECKED, DECODED - CHECKED);
}

/* One step of the check sum. */
static uint32_t added(uint32_t check, unsigned value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ value;
    for (size_t bit = 0; bit < 5; bit++)
        check ^= -(top >> bit & 1u) & generator[bit];
    return check;
}

/* Tell whether signs to the base 32 hold as many bytes as a program of this version has, and zeros behind them. */
static bool is_program(size_t signs, unsigned version, unsigned last)
{
    size_t bytes = signs * 5 / 8, over = signs * 5 % 8;
    bool fits = version ? bytes >= 2 && bytes <= 40 : bytes == 20 || bytes == 32;
    return version <= 16 && fits && over < 5 && !(last & ((1u << over) - 1));
}

/* Tell whether it is an address of a witness program behind a name of `named` letters and a 1. */
static bool is_bech32(struct text address, size_t named)
{
    static const char signs[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    uint32_t check = 1;
    unsigned version = 0, last = 0;
    if (address.length > LONGEST || address.length < named + 2 + CHECK_SIGNS || address.bytes[named] != '1')
        return false;
    for (size_t place = 0; place < named; place++)
        check = added(check, (address.bytes[place] | 32u) >> 5);
    check = added(check, 0);
    for (size_t place = 0; place < named; place++)
        check = added(check, address.bytes[place] & 31u);
    for (size_t place = named + 1; place < address.length; place++) {
        uint8_t byte = address.bytes[place];
        const char *sign = byte ? strchr(signs, is(byte, UPPER) ? byte + 32 : byte) : NULL;
        if (!sign)
            return false;
        check = added(check, (unsigned)(sign - signs));
        version = place == named + 1 ? (unsigned)(sign - signs) : version;
        last = place + CHECK_SIGNS + 1 == address.length ? (unsigned)(sign - signs) : last;
    }
    return check == (version ? BECH32M : BECH32) && is_program(address.length - named - 2 - CHECK_SIGNS, version, last);
}

bool guard_is_address(struct text value)
{
    int first = at(value, 0);
    if (first == '0')
        return guard_variety((struct text){value.bytes + 2, value.length - 2}) > ETHEREUM_LEAST;
    if (value.length == MONERO)
        return guard_variety(value) > MONERO_LEAST;
    if (first == 'b' || first == 'B' || first == 't')
        return is_bech32(value, 2);
    if (first == 'l')
        return is_bech32(value, 3);
    return is_base58check(value);
}
