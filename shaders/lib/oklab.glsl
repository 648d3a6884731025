// Colour as the eye sees it: OKLab (Ottosson 2020), from and to the gamma-coded colours of the passes.


vec3 from_linear(vec3 c) {
    return pow(max(c, 0.0), vec3(1.0 / 2.3));
}

vec3 to_oklab(vec3 c) {
    c = pow(max(c, 0.0), vec3(2.3));
    vec3 lms = mat3(0.4122, 0.2119, 0.0883, 0.5363, 0.6807, 0.2817, 0.0514, 0.1074, 0.6300) * c;
    lms = pow(max(lms, 0.0), vec3(1.0 / 3.0));
    return mat3(0.2105, 1.9780, 0.0259, 0.7936, -2.4286, 0.7828, -0.0041, 0.4506, -0.8087) * lms;
}

vec3 from_oklab(vec3 lab) {
    vec3 lms = mat3(1.0, 1.0, 1.0, 0.3963, -0.1056, -0.0895, 0.2158, -0.0639, -1.2915) * lab;
    lms = lms * lms * lms;
    vec3 c = mat3(4.0767, -1.2684, -0.0042, -3.3077, 2.6098, -0.7034, 0.2310, -0.3413, 1.7076) * lms;
    return from_linear(c);
}

// Between two colours without the grey that lies between them in red, green and blue.
vec3 mix_oklab(vec3 a, vec3 b, float share) {
    return from_oklab(mix(to_oklab(a), to_oklab(b), share));
}

// A palette around the wheel: lightness, chroma and turn (1 is once around).
vec3 palette_oklab(float light, float chroma, float turn) {
    return from_oklab(vec3(light, chroma * vec2(cos(6.28318530718 * turn), sin(6.28318530718 * turn))));
}
